package template

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/go-sockaddr"
)

// order compares two addresses by one clause of sort.
type order func(a, b *sockaddr.IfAddr) int

// sort puts addresses in the order of clauses such as "default,-size", and those
// that are equal by all of them in the order they had: the library's own order
// of equal ones is whatever its algorithm leaves.
func (f facts) sort(clauses string, in sockaddr.IfAddrs) (sockaddr.IfAddrs, error) {
	var orders []order
	for clause := range strings.SplitSeq(strings.ToLower(clauses), ",") {
		clause = strings.TrimSpace(clause)
		by, ok := f.order(strings.TrimLeft(clause, "+-"))
		if !ok {
			return nil, mistakef("sort knows no %q: it takes address, default, name, private, size and type", clause)
		}
		if strings.HasPrefix(clause, "-") {
			ascending := by
			by = func(a, b *sockaddr.IfAddr) int { return -ascending(a, b) }
		}
		orders = append(orders, by)
	}
	sorted := slices.Clone(in)
	slices.SortStableFunc(sorted, func(a, b sockaddr.IfAddr) int {
		for _, by := range orders {
			if c := by(&a, &b); c != 0 {
				return c
			}
		}
		return 0
	})
	return sorted, nil
}

// order is that of one clause, ascending.
func (f facts) order(name string) (order, bool) {
	switch name {
	case "address":
		return sockaddr.AscIfAddress, true
	case "default":
		rank := func(a *sockaddr.IfAddr) int {
			if f.isDefault(a.Name) {
				return 0
			}
			return 1
		}
		return func(a, b *sockaddr.IfAddr) int { return cmp.Compare(rank(a), rank(b)) }, true
	case "name":
		return sockaddr.AscIfName, true
	case "private":
		return sockaddr.AscIfPrivate, true
	case "size":
		return sockaddr.AscIfNetworkSize, true
	case "type":
		return sockaddr.AscIfType, true
	}
	return nil, false
}
