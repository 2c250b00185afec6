package syntax

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommand(t *testing.T) {
	tests := []struct {
		name, src string
		want      Command
		err       string
	}{
		{"a program alone", `/bin/x`, Command{Args: []string{"/bin/x"}, Line: "/bin/x"}, ""},
		{"arguments need quotes", `"/bin/x a b"`, Command{Args: []string{"/bin/x", "a", "b"}, Line: "/bin/x a b"}, ""},
		{"or else they are user and group", `/bin/x a b c`, Command{Args: []string{"/bin/x"}, User: "a", Group: "b", Line: "/bin/x"}, ""},
		{"user and group behind quotes", `"/bin/x a" 'the user' group`, Command{Args: []string{"/bin/x", "a"}, User: "the user", Group: "group", Line: "/bin/x a"}, ""},
		{"single quotes around", `'/bin/x a'`, Command{Args: []string{"/bin/x", "a"}, Line: "/bin/x a"}, ""},
		{"single quotes within", `"/bin/x 'a b' c"`, Command{Args: []string{"/bin/x", "a b", "c"}, Line: "/bin/x 'a b' c"}, ""},
		{"quotes within a word", `/bin/x" a"' b'`, Command{Args: []string{"/bin/x", "a", "b"}, Line: "/bin/x a b"}, ""},
		{"an empty argument", `"/bin/x '' b"`, Command{Args: []string{"/bin/x", "", "b"}, Line: "/bin/x '' b"}, ""},
		{"escapes of C", `"/bin/x a\tb \x41\x4a\102 \E\cA \\ \' \q"`, Command{Args: []string{"/bin/x", "a\tb", "AJB", "\x1b\x01", `\`, "'", "q"}, Line: `/bin/x a\tb \x41\x4a\102 \E\cA \\ \' \q`}, ""},
		{"a blank behind a backslash", `/bin/a\ b user`, Command{Args: []string{"/bin/a b"}, User: "user", Line: `/bin/a\ b`}, ""},
		{"a sign of a comment", `"/bin/x #1" # 2`, Command{Args: []string{"/bin/x", "#1"}, Line: "/bin/x #1"}, ""},
		{"escapes that end too early", `/x\x\c`, Command{Args: []string{"/xxc"}, Line: `/x\x\c`}, ""},
		{"nothing", ``, Command{}, ""},
		{"nothing in quotes", `""`, Command{}, ""},
		{"a quote without an end", `'/bin/x a`, Command{}, "a quote has no end"},
		{"one within", `"/bin/x 'a"`, Command{Line: "/bin/x 'a"}, "a quote has no end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree, problems := Parse("f", []byte("notify "+tt.src+"\n"), Options{})
			if len(problems) > 0 {
				t.Fatal(problemText(problems))
			}
			got, err := tree.Statements[0].Command()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("want and got differ (-want +got):\n%s", diff)
			}
			if err == nil && tt.err != "" || err != nil && err.Error() != tt.err {
				t.Errorf("the error is %v, want %q", err, tt.err)
			}
		})
	}
}

func TestBraces(t *testing.T) {
	tests := []struct {
		name, pattern string
		want          []string
	}{
		{"none", "a/*.conf", []string{"a/*.conf"}},
		{"two names", "{a,b}.conf", []string{"a.conf", "b.conf"}},
		{"an empty one", "a{,b}", []string{"a", "ab"}},
		{"within one another", "{foo/{,cat,dog},bar}", []string{"foo/", "foo/cat", "foo/dog", "bar"}},
		{"behind one another", "{a,b}{1,2}", []string{"a1", "a2", "b1", "b2"}},
		{"without an end", "{a,b", []string{"{a,b"}},
		{"without a beginning", "a,b}", []string{"a,b}"}},
		{"too many", "{a,b}{a,b}{a,b}{a,b}{a,b}", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, braces(tt.pattern, 16)); diff != "" {
				t.Errorf("want and got differ (-want +got):\n%s", diff)
			}
		})
	}
}
