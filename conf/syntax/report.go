package syntax

// report adds a problem. What is wrong with a line that is read again and again
// is said once, and of one which is wrong in a thousand ways not all.
func (p *parser) report(found Problem) {
	if p.loops > 0 || len(p.replaying) > 0 {
		const most = 1000
		if p.repeated[found] || len(p.repeated) == most && found.Kind != TooMuch {
			return
		}
		if p.repeated == nil {
			p.repeated = make(map[Problem]bool)
		}
		p.repeated[found] = true
	}
	k := problemKind{found.Kind, found.Strict}
	if p.reported == nil {
		p.reported = make(map[problemKind]int)
	}
	if p.reported[k]++; p.reported[k] <= maxProblems {
		p.problems = append(p.problems, found)
	}
}

// maxProblems bounds the problems of one kind. A file that is no configuration
// can be wrong in every line, and it is said by the first ones.
const maxProblems = 1000

// problemKind is what is counted together: what is fatal stays so however many
// others there are.
type problemKind struct {
	kind   Kind
	strict bool
}

// omitted adds how many problems were left out.
func (p *parser) omitted(file string) {
	for kind := range Kind(len(kindNames)) {
		for _, strict := range [...]bool{false, true} {
			if n := p.reported[problemKind{kind, strict}] - maxProblems; n > 0 {
				p.problems = append(p.problems, Problem{Pos: Pos{File: file}, Kind: Omitted, Of: kind, Count: n, Strict: strict})
			}
		}
	}
}
