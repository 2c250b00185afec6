package syntax

import (
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
)

// builtin gives the variables that keepalived defines itself.
func (p *parser) builtin(name, args string, quoted bool) (string, bool) {
	fields := strings.Fields(args)
	switch {
	case name == "_ENV" && len(fields) == 1 && p.options.Env != nil:
		return p.options.Env(fields[0])
	case name == "_RANDOM" && len(fields) < 3:
		return p.random(fields)
	case args != "":
		return "", false
	case name == "_PWD":
		dir := filepath.Dir(p.reader.file)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(p.options.Dir, dir)
		}
		return dir, true
	case name == "_INSTANCE":
		return p.options.Instance, true
	case name == "_HASH" && quoted:
		return "#", true
	case name == "_HASH":
		return `\#`, true
	case name == "_BANG" && quoted:
		return "!", true
	case name == "_BANG":
		return `\!`, true
	}
	return "", false
}

// random is ${_RANDOM [MIN [MAX]]}, both included.
func (p *parser) random(args []string) (string, bool) {
	bounds := [2]int{0, 32767}
	for i, a := range args {
		n, err := strconv.ParseUint(a, 10, 31)
		if err != nil {
			return "", false
		}
		bounds[i] = int(n)
	}
	if bounds[0] > bounds[1] {
		return "", false
	}
	if p.rand == nil {
		p.rand = rand.New(rand.NewPCG(p.options.Seed, 0))
	}
	return strconv.Itoa(bounds[0] + p.rand.IntN(bounds[1]-bounds[0]+1)), true
}
