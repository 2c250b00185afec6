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

// ItemState is what is known of an item just now.
type ItemState struct {
	Up     bool
	Value  int    // of a file: the number in it
	Detail string // why: "exit status 1", "timed out after 2 s"; may be empty
}
