package link

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// paths makes the kernel's routes and policy rules match the wishes, in two
// steps around the addresses: what has to go goes before the address that it
// may speak from, and what shall come comes after it. The goroutine of Host.Run
// owns it.
type paths struct {
	log    *slog.Logger
	kernel *kernel

	claims       map[string]claim // by owner, as of the last pass
	doomedRoutes []vrrp.Route     // to be removed once
	doomedRules  []vrrp.Rule
	swept        bool            // marks without a claim have been removed
	kept         map[string]bool // what was held at the end of the last pass, by what it is
	following    protocols       // whose removal by others is to be noticed
}

// claim is what one owner wants of routes and rules.
type claim struct {
	owner   string // as an error names it: "vrrp_instance VI_1"
	routes  []vrrp.Route
	rules   []vrrp.Rule
	present bool
}

func newPaths(log *slog.Logger, k *kernel) *paths {
	return &paths{log: log, kernel: k, claims: make(map[string]claim)}
}

// take notes what claims there are now, and dooms what they do not make any
// more. A claim that is new and absent dooms what it lists: an earlier run may
// have left it.
func (p *paths) take(claims []claim) {
	now := make(map[string]claim, len(claims))
	for _, c := range claims {
		now[c.owner] = c
		if _, known := p.claims[c.owner]; !known && !c.present {
			p.doom(c, claim{})
		}
	}
	for owner, was := range p.claims {
		if was.present && !was.same(now[owner]) {
			p.doom(was, now[owner])
		}
	}
	p.claims = now
}

// same reports whether it is the very claim of the pass before.
func (c claim) same(o claim) bool {
	return c.present == o.present && len(c.routes) == len(o.routes) && len(c.rules) == len(o.rules) &&
		(len(c.routes) == 0 || &c.routes[0] == &o.routes[0]) && (len(c.rules) == 0 || &c.rules[0] == &o.rules[0])
}

// doom notes what one claim has and the next one has not.
func (p *paths) doom(was, next claim) {
	still := make(map[string]bool)
	for _, r := range next.routes {
		still[routeName(r)] = next.present
	}
	for _, r := range was.routes {
		if !still[routeName(r)] {
			p.doomedRoutes = append(p.doomedRoutes, r)
		}
	}
	for _, r := range was.rules {
		if !next.present || !slices.Contains(next.rules, r) {
			p.doomedRules = append(p.doomedRules, r)
		}
	}
}

// wanted are the routes and rules that shall be present, each with its owner.
func (p *paths) wanted() (routes []ownedRoute, rules []ownedRule) {
	for _, owner := range slices.Sorted(maps.Keys(p.claims)) {
		if c := p.claims[owner]; c.present {
			for _, r := range c.routes {
				routes = append(routes, ownedRoute{r, owner})
			}
			for _, r := range c.rules {
				rules = append(rules, ownedRule{r, owner})
			}
		}
	}
	return routes, rules
}

type ownedRoute struct {
	vrrp.Route
	owner string
}

type ownedRule struct {
	vrrp.Rule
	owner string
}

// remove is the first step: what is doomed goes, and once sweep is on, what has
// tandem's mark without anybody wanting it.
func (p *paths) remove(sweep bool) []error {
	sweep = sweep && !p.swept
	if !sweep && len(p.doomedRoutes)+len(p.doomedRules) == 0 {
		return nil
	}
	problems := append(p.removeRules(sweep), p.removeRoutes(sweep)...)
	if len(problems) == 0 { // else once more with the next pass
		p.doomedRoutes, p.doomedRules = nil, nil
		p.swept = p.swept || sweep
	}
	return problems
}

func (p *paths) removeRoutes(sweep bool) []error {
	if !sweep && len(p.doomedRoutes) == 0 {
		return nil
	}
	routes, _ := p.wanted()
	targets, _ := p.targets(routes)
	var doomed []routeTarget
	for _, r := range p.doomedRoutes {
		if t, err := newRouteTarget(r, "", p.index); err == nil { // it went with its interface otherwise
			doomed = append(doomed, t)
		}
	}
	have, err := p.held(append(slices.Clone(targets), doomed...))
	if err != nil {
		return []error{err}
	}
	fits := func(h heldRoute) func(routeTarget) bool { return func(t routeTarget) bool { return h.fits(t.held) } }
	var reqs []*nl.NetlinkRequest
	var gone []heldRoute
	for _, h := range have {
		isDoomed := slices.ContainsFunc(doomed, fits(h))
		// One that changed is doomed and wanted: what tells routes apart may be the
		// same, so it goes and comes back as it shall be.
		if isDoomed || sweep && h.protocol == vrrp.RouteProtocol && !slices.ContainsFunc(targets, fits(h)) {
			reqs, gone = append(reqs, removeRoute(h)), append(gone, h)
		}
	}
	var problems []error
	for i, err := range p.kernel.write(reqs) {
		if err != nil {
			problems = append(problems, fmt.Errorf("remove route %s of table %d: %w", gone[i].to, gone[i].table, err))
		}
	}
	if len(gone) > 0 {
		p.log.Info("routes removed", "routes", len(gone))
	}
	return problems
}

func (p *paths) removeRules(sweep bool) []error {
	if !sweep && len(p.doomedRules) == 0 {
		return nil
	}
	have, err := p.kernel.rules()
	if err != nil {
		return []error{err}
	}
	wanted := make(map[vrrp.Rule]bool)
	_, rules := p.wanted()
	for _, r := range rules {
		wanted[canonicalRule(r.Rule)] = true
	}
	doomed := make(map[vrrp.Rule]bool)
	for _, r := range p.doomedRules {
		doomed[canonicalRule(r)] = true
	}
	var reqs []*nl.NetlinkRequest
	var gone []vrrp.Rule
	for _, r := range have {
		if !wanted[r] && (doomed[r] || sweep && r.Protocol == vrrp.RouteProtocol) {
			reqs, gone = append(reqs, ruleRequest(unix.RTM_DELRULE, r)), append(gone, r)
		}
	}
	var problems []error
	for i, err := range p.kernel.write(reqs) {
		if err != nil {
			problems = append(problems, fmt.Errorf("remove rule %s: %w", gone[i], err))
		}
	}
	if len(gone) > 0 {
		p.log.Info("policy rules removed", "rules", len(gone))
	}
	return problems
}

// add is the second step: what is missing comes. It returns the problems, and
// what there is of the wanted.
func (p *paths) add() []error {
	routes, rules := p.wanted()
	kept := make(map[string]bool, len(routes)+len(rules))
	problems := append(p.addRoutes(routes, kept), p.addRules(rules, kept)...)
	p.kept = kept
	return problems
}

func (p *paths) addRoutes(routes []ownedRoute, kept map[string]bool) []error {
	if len(routes) == 0 {
		p.following = nil
		return nil
	}
	targets, problems := p.targets(routes)
	have, err := p.held(targets)
	if err != nil {
		return append(problems, err)
	}
	var reqs []*nl.NetlinkRequest
	var missing []routeTarget
	for _, t := range targets {
		name := routeName(t.Route)
		switch {
		case slices.ContainsFunc(have, func(h heldRoute) bool { return h.fits(t.held) }):
			kept[name] = true
			continue
		case p.kept[name] && t.NoTrack:
			kept[name] = true // gone, and meant to stay so
			continue
		case p.kept[name]:
			p.log.Warn("a route was removed by someone else and is put back", "owner", t.owner, "route", t.Route.String())
		}
		reqs, missing = append(reqs, createRoute(t)), append(missing, t)
	}
	added := 0
	for i, err := range p.kernel.write(reqs) {
		t := missing[i]
		if errors.Is(err, unix.EEXIST) && t.Place != vrrp.Alone {
			err = nil // The very same is there, seen as part of another one (IPv6).
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("add route %s (%s): %w", t.Route, t.owner, err))
			continue
		}
		kept[routeName(t.Route)] = true
		added++
	}
	if added > 0 {
		p.log.Info("routes added", "routes", added)
	}
	return problems
}

func (p *paths) addRules(rules []ownedRule, kept map[string]bool) []error {
	if len(rules) == 0 {
		return nil
	}
	list, err := p.kernel.rules()
	if err != nil {
		return []error{err}
	}
	have := make(map[vrrp.Rule]bool, len(list))
	for _, r := range list {
		have[r] = true
	}
	var reqs []*nl.NetlinkRequest
	var missing []ownedRule
	for _, r := range rules {
		name := ruleName(r.Rule)
		switch {
		case have[canonicalRule(r.Rule)], p.kept[name] && r.NoTrack:
			kept[name] = true
			continue
		case p.kept[name]:
			p.log.Warn("a policy rule was removed by someone else and is put back", "owner", r.owner, "rule", r.Rule.String())
		}
		reqs, missing = append(reqs, ruleRequest(unix.RTM_NEWRULE, r.Rule)), append(missing, r)
	}
	var problems []error
	for i, err := range p.kernel.write(reqs) {
		r := missing[i]
		if err != nil {
			problems = append(problems, fmt.Errorf("add rule %s (%s): %w", r.Rule, r.owner, err))
			continue
		}
		kept[ruleName(r.Rule)] = true
	}
	if len(missing) > len(problems) {
		p.log.Info("policy rules added", "rules", len(missing)-len(problems))
	}
	return problems
}

// targets are the routes whose interfaces exist; for the others it says why they
// cannot be.
func (p *paths) targets(routes []ownedRoute) (list []routeTarget, problems []error) {
	known := make(map[string]int)
	index := func(name string) (int, error) {
		if i, ok := known[name]; ok {
			return i, nil
		}
		i, err := p.index(name)
		if err == nil {
			known[name] = i
		}
		return i, err
	}
	for _, r := range routes {
		t, err := newRouteTarget(r.Route, r.owner, index)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		list = append(list, t)
	}
	return list, problems
}

func (p *paths) index(name string) (int, error) {
	dev, err := p.kernel.device(name)
	return dev.index, err
}

// protocols are marks of routes.
type protocols map[uint8]bool

// held reads the kernel's routes of the protocols that matter to the targets,
// and of tandem's own.
func (p *paths) held(targets []routeTarget) ([]heldRoute, error) {
	of := protocols{vrrp.RouteProtocol: true}
	for _, t := range targets {
		of[t.held.protocol] = true
	}
	p.following = of
	var all []heldRoute
	for _, protocol := range slices.Sorted(maps.Keys(of)) {
		list, err := p.kernel.routes(protocol)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// routeName and ruleName tell wishes apart from pass to pass: all that is said of
// them, where their String is shorter.
func routeName(r vrrp.Route) string {
	type whole vrrp.Route
	return fmt.Sprintf("route %+v", whole(r))
}

func ruleName(r vrrp.Rule) string {
	type whole vrrp.Rule
	return fmt.Sprintf("rule %+v", whole(r))
}
