package syntax

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/tandem-ha/tandem/integration/golden"
)

// hosted are the options of the tests: files of an archive include one another,
// and the surroundings are fixed.
func hosted(files Files) Options {
	return Options{ConfigID: "main", Instance: "one", Dir: "/etc", Files: files, Env: func(name string) (string, bool) {
		return "lb1", name == "HOST"
	}}
}

// TestGolden reads every testdata/*.txtar: the first file is parsed, and can
// include the others. "tree" is the tree with its positions, "problems" is what
// could not be read.
func TestGolden(t *testing.T) {
	golden.Test(t, "testdata/*.txtar", func(t *testing.T, archive *txtar.Archive) []txtar.File {
		inputs := slices.DeleteFunc(slices.Clone(archive.Files), func(f txtar.File) bool { return f.Name == "tree" || f.Name == "problems" })
		tree, problems := Parse("f", inputs[0].Data, hosted(golden.FilesOf(inputs[1:])))
		return append(inputs,
			txtar.File{Name: "tree", Data: []byte(dump(tree.Statements, ""))},
			txtar.File{Name: "problems", Data: []byte(problemText(problems))})
	})
}

// dump shows what a golden shall pin: positions, words, cuts and blocks.
func dump(statements []*Statement, indent string) string {
	var b strings.Builder
	for _, s := range statements {
		fmt.Fprintf(&b, "%s%s", indent, place(s.Pos))
		if s.Skip {
			b.WriteString(" skip")
		}
		for _, w := range s.Words {
			fmt.Fprintf(&b, " [%s]", w.Text)
			if w.Cut {
				b.WriteString("...")
			}
		}
		if s.Braced {
			b.WriteString(" {\n" + dump(s.Block, indent+"  ") + indent + "}")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func problemText(problems []Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s: %s", place(p.Pos), p.Kind)
		if p.Text != "" {
			fmt.Fprintf(&b, " %q", p.Text)
		}
		if p.Why != "" {
			fmt.Fprintf(&b, ": %s", p.Why)
		}
		if p.Near != "" {
			fmt.Fprintf(&b, ", near %s", p.Near)
		}
		if p.More > 0 {
			fmt.Fprintf(&b, ", %d more", p.More)
		}
		if p.Strict {
			b.WriteString(", strict")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// place is a position without the file that everything stands in.
func place(p Pos) string {
	text := fmt.Sprintf("%d:%d", p.Line, p.Col)
	if p.From != nil {
		text = p.File + ":" + text
	}
	return text
}

// vanishing are files of which one is removed once it has been listed.
type vanishing struct {
	golden.Files
	path string
}

func (v vanishing) Read(path string) ([]byte, error) {
	if path == v.path {
		return nil, fs.ErrNotExist
	}
	return v.Files.Read(path)
}

// TestVanishingFile holds that a file that goes away between its listing and its
// reading is one that cannot be read: no empty one, and the others count.
func TestVanishingFile(t *testing.T) {
	files := vanishing{golden.Files{"a.conf": []byte("a\n"), "b.conf": []byte("b\n"), "c.conf": []byte("c\n")}, "b.conf"}
	for keyword, strict := range map[string]string{"include": "", "includer": ", strict"} {
		tree, problems := Parse("f", []byte(keyword+" *.conf\nd\n"), hosted(files))
		if got, want := tree.String(), "a\nc\nd\n"; got != want {
			t.Errorf("%s: the tree is\n%swant\n%s", keyword, got, want)
		}
		if got, want := problemText(problems), "1:1: unreadable file \"b.conf\": file does not exist"+strict+"\n"; got != want {
			t.Errorf("%s: the problems are %swant %s", keyword, got, want)
		}
	}
}

func TestParseJunk(t *testing.T) {
	nested := strings.Repeat("a {\n", MaxDepth+1)
	tests := []struct {
		name string
		src  string
		want string // the problems
	}{
		{"nothing at all", "", ""},
		{"only blanks and comments", "\n \t\n# nothing\r\n!\n", ""},
		{"a NUL byte", "global_defs {\n router\x00id\n", "2:8: binary\n"},
		{"a compressed file without NUL", "\x1f\x8b\x08\x01\x02\x03\x04\x05", "0:0: binary\n"},
		{"one stray control character is text", "router_id \x1bx\n", ""},
		{"UTF-16", "\xff\xfea\x00", "0:0: UTF-16\n"},
		{"a byte order mark", "\xef\xbb\xbf}\n", "1:1: byte order mark\n1:4: unexpected }\n"},
		{"a line of 1023 bytes", strings.Repeat("x", MaxLine-1) + "\n", ""},
		{"a line of 1024 bytes", strings.Repeat("x", MaxLine) + "\n}", "1:1: long line\n2:1: unexpected }\n"},
		{"a line of 10 MB", strings.Repeat("{ x", 10<<20/3), "1:1: long line\n"},
		{"a comment of 10 MB", " #" + strings.Repeat("{ x", 10<<20/3), ""},
		{"the deepest nesting", strings.Repeat("a {\n", MaxDepth) + strings.Repeat("}", MaxDepth), ""},
		{"one block too deep", nested + strings.Repeat("}", MaxDepth+1), "65:3: too deep\n"},
		{"10 MB of braces", strings.Repeat("{\n", 5<<20), bracesOnly()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := Parse("f", []byte(tt.src), Options{})
			if diff := cmp.Diff(tt.want, problemText(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBounds reads what grows without end. Each text ends within a moment, with
// one problem.
func TestBounds(t *testing.T) {
	var doubling strings.Builder
	doubling.WriteString("$V0=x\n")
	for i := range 40 {
		fmt.Fprintf(&doubling, "$V%d=${V%d}${V%d}\n", i+1, i, i)
	}
	nothing := strings.Replace(doubling.String(), "x", "", 1)
	lines := strings.ReplaceAll(doubling.String(), "}$", "} \\\n$")
	tests := []struct {
		name  string
		src   string
		files Files
		want  Kind
	}{
		{"a sequence without end", "~SEQ(N, 100000000000) a $N\n", nil, TooMuch},
		{"one that is wrong every time", "~SEQ(N, 100000000000) @main @x$N $PRI } ${Q} \"\n", nil, TooMuch},
		{"sequences within one another", "~SEQ(A, 100000) ~SEQ(B, 100000) {}\n", nil, TooMuch},
		{"sequences without a rest", "~SEQ(A, 100000) ~SEQ(B, 100000)\n", nil, TooMuch},
		{"very many sequences", strings.Repeat("~SEQ(A,2)", 110) + "\n", nil, BadSequence},
		{"a sequence of itself", "$X=~SEQ(N,2) $X\n$X\n", nil, VariableLoop},
		{"a variable that doubles", doubling.String() + "a ${V40}\n", nil, LongExpansion},
		{"nothing, doubled", nothing + "a ${V40}\n", nil, TooMuch},
		{"lines that double", lines + "$V40\n", nil, TooMuch},
		{"a list of a variable", "$A=" + strings.Repeat("a,", 400) + "\n$B=~LST(L,${A}) ~LST(M,${A}) ~LST(N,${A}) x\n$B\n", nil, TooMuch},
		{"includes that double", "include 1\n", doublingFiles(30), TooMuch},
		{"includes that go on", "include 1\n", chainedFiles(100), IncludeLoop},
		{"very many names", "include {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}\n", golden.Files{}, Unreadable},
		{"variables within one another", chainedVariables(1000), nil, VariableLoop},
		{"replays within one another", strings.ReplaceAll(chainedVariables(1000), "= ", "= \\\n a \\\n "), nil, VariableLoop},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := hosted(tt.files)
			o.MaxMade = 1 << 20
			problems := Each("f", []byte(tt.src), o, func(*Statement) {})
			if len(problems) == 0 || len(problems) > 2000 || !slices.ContainsFunc(problems, func(p Problem) bool { return p.Kind == tt.want }) {
				t.Errorf("%d problems, want one of the kind %s: %s", len(problems), tt.want, problemText(problems[:min(3, len(problems))]))
			}
		})
	}
}

// TestMaxMade holds that the bound is that of the options, or MaxMade without
// one: each "a $N" counts for something between 32 and 128 bytes.
func TestMaxMade(t *testing.T) {
	for _, tt := range []struct{ option, bound int }{{0, MaxMade}, {1 << 20, 1 << 20}} {
		made := 0
		Each("f", []byte("~SEQ(N, 100000000000) a $N\n"), Options{MaxMade: tt.option}, func(*Statement) { made++ })
		if made < tt.bound/128 || made > tt.bound/32 {
			t.Errorf("with the option %d it makes %d statements", tt.option, made)
		}
	}
}

// doublingFiles are files of which each includes the next one twice.
func doublingFiles(n int) Files {
	files := make(golden.Files)
	for i := range n {
		files[strconv.Itoa(i+1)] = fmt.Appendf(nil, "include %d\ninclude %d\n", i+2, i+2)
	}
	files[strconv.Itoa(n+1)] = []byte("x\n")
	return files
}

// chainedFiles are files of which each includes the next one.
func chainedFiles(n int) Files {
	files := make(golden.Files)
	for i := range n {
		files[strconv.Itoa(i+1)] = fmt.Appendf(nil, "include %d\n", i+2)
	}
	return files
}

// chainedVariables are variables of which each has the value of the next one,
// and a use of the first.
func chainedVariables(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "$V%d= $V%d\n", i, i+1)
	}
	return b.String() + "$V0\n"
}

// bracesOnly are the problems of a text that is nothing but '{'.
func bracesOnly() string {
	var b strings.Builder
	for i := range MaxDepth {
		fmt.Fprintf(&b, "%d:1: unexpected {\n", i+1)
	}
	fmt.Fprintf(&b, "%d:1: too deep\n", MaxDepth+1)
	return b.String()
}

func TestOddSpace(t *testing.T) {
	tests := []struct {
		name, text string
		want       rune
	}{
		{"plain words", "weight 1", 0},
		{"letters outside ASCII", "größe", 0},
		{"no-break space", "a\u00a0b", 0xa0},
		{"no-break space in Latin-1", "a\xa0b", 0xa0},
		{"ideographic space", "\u3000weight", 0x3000},
		{"zero-width space", "wei\u200bght", 0x200b},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := OddSpace(tt.text); got != tt.want {
				t.Errorf("OddSpace(%q) = %U, want %U", tt.text, got, tt.want)
			}
		})
	}
}

// FuzzParse holds for every text and for what it includes: nothing panics,
// positions lie within the texts, and printing the tree gives a text with the
// same tree.
func FuzzParse(f *testing.F) {
	for _, archive := range golden.Archives(f, "testdata/*.txtar") {
		f.Add(archive.Files[0].Data, archive.Files[1].Data)
	}
	f.Add([]byte("{include b.inc\ninclude a.inc"), []byte("0\ninclude *c"))
	f.Add([]byte("a {\ninclude b.inc\ninclude a.inc\n"), []byte("include f\n$X= \\\n} b $Y \\\nc\n$X\ninclude *.inc"))
	f.Fuzz(func(t *testing.T, src, included []byte) {
		o := hosted(golden.Files{"a.inc": included, "b.inc": src, "f": src})
		tree, problems := Parse("f", src, o)
		lines := map[string][]string{"f": strings.Split(string(src), "\n"), "a.inc": strings.Split(string(included), "\n")}
		lines["b.inc"] = lines["f"]
		for _, p := range problems {
			checkPos(t, lines, p.Pos)
		}
		walk(tree.Statements, func(s *Statement) {
			checkPos(t, lines, s.Pos)
			for _, w := range s.Words {
				checkPos(t, lines, w.Pos)
			}
			s.Command()
		})

		printed := tree.String()
		var one strings.Builder
		same := Each("f", src, o, func(s *Statement) { one.WriteString((&Tree{[]*Statement{s}}).String()) })
		if one.String() != printed || problemText(same) != problemText(problems) {
			t.Errorf("one by one:\n%s%v\nas a tree:\n%s%v", &one, same, printed, problems)
		}
		for line := range strings.Lines(printed) {
			if len(line) > MaxLine {
				t.Skip("printing made a line too long")
			}
		}
		if _, junk := binary("f", []byte(printed)); junk {
			t.Skip("without its comments the text is mostly control characters")
		}
		if strings.Contains(printed, "$_") {
			t.Skip("a variable of keepalived stood where it is none, or was another one")
		}
		if ownerless(tree.Statements) {
			t.Skip("an include stood between a statement and a block that is not its own")
		}
		again, _ := Parse("f", []byte(printed), Options{})
		if diff := cmp.Diff(shape(tree.Statements), shape(again.Statements)); diff != "" {
			t.Errorf("printed and parsed again (-first +again):\n%s\nprinted:\n%s", diff, printed)
		}
	})
}

func checkPos(t *testing.T, files map[string][]string, p Pos) {
	t.Helper()
	for _, at := range p.Chain() {
		checkPos(t, files, at)
	}
	if p.Line == 0 && p.Col == 0 {
		return
	}
	lines := files[p.File]
	if p.Line < 1 || int(p.Line) > len(lines) || p.Col < 1 || int(p.Col) > len(lines[p.Line-1])+1 {
		t.Errorf("position %v lies outside the text", p)
	}
}

func walk(statements []*Statement, visit func(*Statement)) {
	for _, s := range statements {
		visit(s)
		walk(s.Block, visit)
	}
}

// ownerless tells whether a block without a keyword stands behind a statement
// without a block: in one file, the block would be that statement's.
func ownerless(statements []*Statement) bool {
	for i, s := range statements {
		if i > 0 && len(s.Words) == 0 && !statements[i-1].Braced || ownerless(s.Block) {
			return true
		}
	}
	return false
}

// shape is the tree without positions: words and blocks, one on a line.
func shape(statements []*Statement) string {
	var b strings.Builder
	for _, s := range statements {
		for _, w := range s.Words {
			fmt.Fprintf(&b, "%q ", w.Text)
		}
		if s.Braced {
			b.WriteString("{\n" + shape(s.Block) + "}")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestManyProblems holds that a text that is wrong in every line does not become
// larger by what is said of it, and that each of them counts.
func TestManyProblems(t *testing.T) {
	_, problems := Parse("f", []byte(strings.Repeat("}\n", 5000)+"{\n}\n"), Options{})
	if len(problems) != maxProblems+2 {
		t.Fatalf("there are %d problems, want %d", len(problems), maxProblems+2)
	}
	want := Problem{Pos: Pos{File: "f"}, Kind: Omitted, Of: UnexpectedClose, Count: 4000}
	if got := problems[maxProblems+1]; got != want || problems[maxProblems].Kind != UnexpectedOpen {
		t.Errorf("the last one is %+v, want %+v", got, want)
	}
}

// everyFile is a folder of files that include every one of them.
type everyFile int

func (n everyFile) Glob(string) ([]string, error) {
	var all []string
	for i := range int(n) {
		all = append(all, fmt.Sprintf("%d.conf", i))
	}
	return all, nil
}

func (everyFile) Read(string) ([]byte, error) { return []byte("include *.conf\n"), nil }

// TestManyLoops holds that each file is said once to include itself.
func TestManyLoops(t *testing.T) {
	_, problems := Parse("main", []byte("include *.conf\n"), Options{Files: everyFile(5)})
	said := make(map[string]int)
	for _, p := range problems {
		if said[p.Text]++; p.Kind != IncludeLoop || said[p.Text] > 1 {
			t.Errorf("it says %+v", p)
		}
	}
	if len(said) != 5 {
		t.Errorf("%d files include themselves, want 5", len(said))
	}
}
