package conf

import (
	"strings"

	"github.com/tandem-ha/tandem/healthcheck"
)

// shownDefaults are the defaults that blocks with nothing in them show, by block
// and keyword: the literals that a file is read into are the one place where
// they are written down.
func shownDefaults() map[string]map[string]string {
	v := &service{Service: defaultService, weight: 1}
	spec := func(k healthcheck.Kind) *checker { return &checker{spec: defaultSpecs[k]} }
	g := defaultGlobals
	return map[string]map[string]string{
		globalBlock.name:       words(globalBlock.show(&g, seen{})),
		instanceBlock.name:     words(instanceBlock.show(&instance{Instance: defaultInstance}, seen{})),
		hmacBlock.name:         words(hmacBlock.show(&hmacAuth{}, seen{})),
		groupBlock.name:        words(groupBlock.show(&group{}, seen{})),
		serviceBlock.name:      words(serviceBlock.show(v, seen{})),
		serverBlock.name:       words(serverBlock.show(&server{}, seen{})),
		scriptBlock.name:       words(scriptBlock.show(newScript(&tracked{}), seen{})),
		trackFileBlock.name:    words(trackFileBlock.show(newTrackFile(&tracked{}), seen{})),
		trackProcessBlock.name: words(trackProcessBlock.show(newTrackProcess(&tracked{}), seen{})),
		bfdBlock.name:          words(bfdBlock.show(newBFD(&tracked{}), seen{})),
		tcpBlock.name:          words(tcpBlock.show(spec(healthcheck.TCP), seen{})),
		httpBlock.name:         words(httpBlock.show(spec(healthcheck.HTTP), seen{})),
	}
}

// words are the values of statements without a block, by keyword.
func words(nodes []Node) map[string]string {
	m := make(map[string]string)
	p := &printer{}
	for _, n := range nodes {
		if n.Braced {
			continue
		}
		var all []string
		for _, v := range n.Values {
			all = append(all, p.text(v))
		}
		m[n.Keyword] = strings.Join(all, " ")
	}
	return m
}
