package meaning

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// node is a line of keepalived's data with the lines that are indented behind
// it.
type node struct {
	text string
	kids []*node
}

// stamp is what stands before every line of keepalived's log.
var stamp = regexp.MustCompile(`^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4}: `)

// parseDump reads the data out of a log. Lines without an indent that are no
// title are other messages.
func parseDump(r io.Reader) (*node, error) {
	root := &node{}
	path := []*node{root}
	indents := []int{-1}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text := stamp.ReplaceAllString(lines.Text(), "")
		body := strings.TrimLeft(text, " ")
		indent := len(text) - len(body)
		title := strings.HasPrefix(body, "------<")
		if body == "" || indent == 0 && !title {
			continue
		}
		for indents[len(indents)-1] >= indent {
			path, indents = path[:len(path)-1], indents[:len(indents)-1]
		}
		n := &node{text: strings.TrimRight(body, " ")}
		parent := path[len(path)-1]
		parent.kids = append(parent.kids, n)
		path, indents = append(path, n), append(indents, indent)
	}
	return root, lines.Err()
}

// sections are the lines below the title, of all its occurrences.
func (n *node) section(title string) []*node {
	for _, k := range n.kids {
		if k.text == "------< "+title+" >------" {
			return k.kids
		}
	}
	return nil
}

// value is what stands behind "key = " below the line.
func (n *node) value(key string) string {
	v, _ := n.find(key)
	return v
}

func (n *node) find(key string) (string, bool) {
	for _, k := range n.kids {
		if v, ok := strings.CutPrefix(k.text, key+" = "); ok {
			return v, true
		}
		if k.text == key+" =" {
			return "", true
		}
	}
	return "", false
}

// list are the lines behind "key :" or "key (N):".
func (n *node) list(key string) []string {
	var all []string
	for _, k := range n.kids {
		if strings.HasPrefix(k.text, key) && strings.HasSuffix(k.text, ":") && strings.Trim(k.text[len(key):], " ()0123456789:") == "" {
			for _, e := range k.kids {
				all = append(all, e.text)
			}
		}
	}
	return all
}

// has tells whether a line says just that.
func (n *node) has(text string) bool {
	for _, k := range n.kids {
		if k.text == text {
			return true
		}
	}
	return false
}

// split cuts lines at each one that is the title; what stands before the first
// is the first part.
func split(lines []*node, title string) [][]*node {
	parts := [][]*node{nil}
	for _, l := range lines {
		if l.text == "------< "+title+" >------" {
			parts = append(parts, nil)
			continue
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], l)
	}
	return parts
}

// cut is strings.Cut for a format that must match.
func cut(text, format string, args ...any) error {
	if _, err := fmt.Sscanf(text, format, args...); err != nil {
		return fmt.Errorf("read %q: %w", text, err)
	}
	return nil
}
