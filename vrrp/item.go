package vrrp

import "fmt"

// Item is something that instances can follow besides interfaces.
type Item struct {
	Kind ItemKind
	Name string
}

// ItemKind is a kind of Item.
type ItemKind uint8

// The kinds.
const (
	Script ItemKind = iota
	File
	Process
	BFD
)

var itemKindNames = [...]string{"script", "file", "process", "BFD session"}

func (k ItemKind) String() string {
	if int(k) < len(itemKindNames) {
		return itemKindNames[k]
	}
	return "?"
}

// String names the item as logs and reasons do: "script chk_haproxy".
func (i Item) String() string { return i.Kind.String() + " " + i.Name }

// TrackItem ties an instance to an item. Weight 0: its failure is a fault.
// Otherwise a positive weight is added to the priority while it is good, a
// negative one while it is bad; what a file holds is multiplied by it.
type TrackItem struct {
	Item
	Weight  int
	Reverse bool
}

// String is the line that tracks the item: "script chk weight -20 reverse".
func (t TrackItem) String() string {
	s := fmt.Sprintf("%s weight %d", t.Item, t.Weight)
	if t.Reverse {
		s += " reverse"
	}
	return s
}

// ItemState is what is known of an item just now. One of which nothing is known
// yet keeps those that track it without a weight in INIT, as in keepalived.
type ItemState struct {
	Up bool
	// Void says that it cannot be told: a script that cannot be started. It then
	// counts as if nobody tracked it, whatever its weight, as in keepalived.
	Void   bool
	Value  int    // of a file: the number in it
	Detail string // why: "exit status 1", "timed out after 2 s"; may be empty
}

// Effect is what the item in a state means to an instance that follows it: a
// change of its priority, or a fault.
//
// The number in a file is multiplied by the weight. Of what comes out -254 or
// less is a fault, and more than 253 counts as 253. Without a weight any number
// but 0 is a fault. All as in keepalived.
func (t TrackItem) Effect(st ItemState) (delta int, fault bool) {
	if st.Void {
		return 0, false
	}
	if t.Kind != File {
		if delta, fault = effect(t.Weight, t.Reverse, st.Up); delta < -maxDelta {
			return 0, true
		}
		return delta, fault
	}
	if t.Weight == 0 {
		return 0, (st.Value != 0) != t.Reverse
	}
	// Both factors are bounded first, so that the product cannot overflow.
	delta = min(max(st.Value, -fileLimit), fileLimit) * min(max(t.Weight, -fileLimit), fileLimit)
	if t.Reverse {
		delta = -delta
	}
	if delta < -maxDelta {
		return 0, true
	}
	return min(delta, maxDelta), false
}

const (
	maxDelta  = PriorityOwner - 2 // from 254 to 1
	fileLimit = 1 << 15
)
