package template

import (
	"fmt"
	"text/template/parse"
)

// permitted tells what a template must not do. Nothing in it can repeat, so that
// its work is in proportion to its length: range has no use in one word, and
// would count to any number. A field or method of a Go value would reach past
// the facts: net.Interface has methods that ask the kernel.
func permitted(n parse.Node) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil // no else
		}
		return each(n.Nodes)
	case *parse.ActionNode:
		return permitted(n.Pipe)
	case *parse.IfNode:
		return branches(&n.BranchNode)
	case *parse.WithNode:
		return branches(&n.BranchNode)
	case *parse.PipeNode:
		if n == nil {
			return nil
		}
		return each(n.Cmds)
	case *parse.CommandNode:
		return each(n.Args)
	case *parse.IdentifierNode:
		if builtin[n.Ident] {
			return nil
		}
		return mistakef("the function %s is none of go-sockaddr's", n.Ident)
	case *parse.VariableNode:
		if len(n.Ident) > 1 {
			return noField(n)
		}
	case *parse.FieldNode, *parse.ChainNode:
		return noField(n)
	case *parse.TextNode, *parse.CommentNode, *parse.DotNode, *parse.NilNode,
		*parse.BoolNode, *parse.NumberNode, *parse.StringNode:
	default:
		return mistakef("%s has no place in it: it is one word", n)
	}
	return nil
}

func branches(b *parse.BranchNode) error {
	for _, n := range []parse.Node{b.Pipe, b.List, b.ElseList} {
		if err := permitted(n); err != nil {
			return err
		}
	}
	return nil
}

func each[N parse.Node](nodes []N) error {
	for _, n := range nodes {
		if err := permitted(n); err != nil {
			return err
		}
	}
	return nil
}

func noField(n parse.Node) error {
	return mistakef("%s is no function: attributes are read by attr, as in attr \"name\"", n)
}

// mistake is an error that is worded for the operator.
type mistake struct{ text string }

func (m *mistake) Error() string { return m.text }

func mistakef(format string, args ...any) error { return &mistake{fmt.Sprintf(format, args...)} }

// builtin are the functions that a template may call: go-sockaddr's, and those
// of text/template that decide or choose. The ones that build text could double
// it with each call.
var builtin = map[string]bool{
	"and": true, "or": true, "not": true, "len": true, "index": true,
	"eq": true, "ne": true, "lt": true, "le": true, "gt": true, "ge": true,

	"GetAllInterfaces": true, "GetDefaultInterfaces": true, "GetPrivateInterfaces": true, "GetPublicInterfaces": true,
	"GetInterfaceIP": true, "GetInterfaceIPs": true,
	"GetPrivateIP": true, "GetPrivateIPs": true, "GetPublicIP": true, "GetPublicIPs": true,
	"include": true, "exclude": true, "sort": true, "unique": true, "limit": true, "offset": true,
	"attr": true, "join": true, "math": true,
}
