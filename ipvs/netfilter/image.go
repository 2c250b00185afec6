package netfilter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/ipvs/rules"
)

// image is a table as the kernel tells it, byte for byte but for what its rules
// counted. A table just written is remembered in this form, since the kernel
// tells an expression in other words than it was given. When nobody wrote to
// the table since, it reads the same: the kernel numbers the rules of a table
// as they are made, and one that is replaced gets a new number.
type image struct {
	Table  string // empty: there is none
	Chains []chainImage
	Rules  []ruleImage // chain by chain, in order
}

// chainImage is a chain; Body has its hook and policy.
type chainImage struct{ Name, Body string }

// ruleImage is a rule; Body is what it does.
type ruleImage struct {
	Chain   string
	Handle  uint64
	Comment string
	Body    string
}

func (im image) present() bool { return im.Table != "" }

// equal says whether nothing happened between the two.
func (im image) equal(o image) bool {
	return im.Table == o.Table && slices.Equal(im.Chains, o.Chains) && slices.Equal(im.Rules, o.Rules)
}

// is says whether the image has the chains and rules of a table by their names
// and comments, which is asked when the table was just written: anything else
// is by somebody who wrote at the same time.
func (im image) is(t rules.Table) bool {
	var chains []string
	var want, have []ruleImage
	for _, c := range t.Chains {
		chains = append(chains, c.Name)
		for _, r := range c.Rules {
			want = append(want, ruleImage{Chain: c.Name, Comment: r.Comment})
		}
	}
	for _, r := range im.Rules {
		have = append(have, ruleImage{Chain: r.Chain, Comment: r.Comment})
	}
	return slices.EqualFunc(im.Chains, chains, func(c chainImage, name string) bool { return c.Name == name }) &&
		slices.Equal(have, want)
}

// drift says in words how the table differs from what it was.
func drift(was, is image) string {
	switch {
	case !is.present():
		return "the table is gone"
	case !was.present():
		return "something else was written with it"
	}
	var words []string
	for _, c := range was.Chains {
		i := slices.IndexFunc(is.Chains, func(o chainImage) bool { return o.Name == c.Name })
		if i < 0 {
			words = append(words, "chain "+c.Name+" is gone")
			continue
		}
		var gone, foreign int
		for _, r := range was.Rules {
			if r.Chain == c.Name && !slices.Contains(is.Rules, r) {
				gone++
			}
		}
		for _, r := range is.Rules {
			if r.Chain == c.Name && !slices.Contains(was.Rules, r) {
				foreign++
			}
		}
		if gone > 0 {
			words = append(words, fmt.Sprintf("%d rules gone from chain %s", gone, c.Name))
		}
		if foreign > 0 {
			words = append(words, fmt.Sprintf("%d foreign rules in chain %s", foreign, c.Name))
		}
		if gone+foreign == 0 && is.Chains[i].Body != c.Body {
			words = append(words, "chain "+c.Name+" has another hook, policy or use")
		}
	}
	for _, c := range is.Chains {
		if !slices.ContainsFunc(was.Chains, func(o chainImage) bool { return o.Name == c.Name }) {
			words = append(words, "foreign chain "+c.Name)
		}
	}
	if len(words) == 0 {
		return "something else was put into the table, or its rules were put in another order"
	}
	return strings.Join(words, ", ")
}
