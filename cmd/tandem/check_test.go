package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"golang.org/x/tools/txtar"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/integration/golden"
)

// execute runs the command in this process.
func execute(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&errs)
	err := root.ExecuteContext(t.Context())
	if err != nil {
		errs.WriteString(err.Error())
	}
	return out.String(), errs.String(), status(err)
}

// TestCheckGolden runs each testdata/check/*.txtar in a folder of its own: the
// comment holds the arguments, one call a line, and the files behind the inputs what
// each of them prints.
func TestCheckGolden(t *testing.T) {
	golden.Test(t, "testdata/check/*.txtar", func(t *testing.T, archive *txtar.Archive) []txtar.File {
		dir := t.TempDir()
		var got []txtar.File
		for _, f := range archive.Files {
			if strings.HasPrefix(f.Name, "check ") {
				continue
			}
			got = append(got, f)
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		t.Chdir(dir)
		for call := range strings.Lines(string(archive.Comment)) {
			args := strings.Fields(call)
			if len(args) == 0 {
				continue
			}
			out, errs, code := execute(t, "", args...)
			text := out + "-> " + strings.TrimSpace(errs)
			got = append(got, txtar.File{Name: strings.Join(args, " "), Data: []byte(visibleEscapes(text) + ", exit status " + string(rune('0'+code)) + "\n")})
		}
		return got
	})
}

// visibleEscapes shows the colours of a terminal as text.
func visibleEscapes(s string) string { return strings.ReplaceAll(s, "\x1b[", "<ESC>[") }

const doubtful = "vrrp_instance A {\n\tinterface eth0absent\n\tvirtual_router_id 51\n\tprioritty 9\n\tvirtual_ipaddress {\n\t\t192.0.2.1\n\t}\n}\n"

func TestCheckStdin(t *testing.T) {
	out, errs, code := execute(t, doubtful, "check", "-f", "-")
	if !strings.Contains(out, `<stdin>:4:2: error: vrrp_instance A: unknown keyword "prioritty"`) || !strings.HasPrefix(errs, "<stdin>: usable") || code != 0 {
		t.Errorf("it printed\n%s%s and exited with %d", out, errs, code)
	}
	// What has been read once is shown from memory.
	out, _, _ = execute(t, doubtful, "check", "-", "--color", "always")
	if !strings.Contains(out, "    prioritty 9\n") {
		t.Errorf("it does not show the line:\n%s", out)
	}
}

func TestCheckAgainstStdin(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "lb1.conf")
	if err := os.WriteFile(file, []byte(strings.Replace(doubtful, "51", "52", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, code := execute(t, doubtful, "check", file, "--against", "-", "--color", "always")
	if !strings.Contains(out, "virtual_router_id 52 here, 51 there") || !strings.Contains(out, "see <stdin>:3:2") || !strings.Contains(out, "    virtual_router_id 51\n") || code != 0 {
		t.Errorf("it printed\n%s and exited with %d", out, code)
	}
}

// TestCheckTerminal holds what a person at a terminal gets without asking.
func TestCheckTerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tandem.conf")
	if err := os.WriteFile(file, []byte(doubtful), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name          string
		env           [2]string
		args          []string
		lines, colour bool
	}{
		{"a terminal", [2]string{"NO_COLOR", ""}, nil, true, true},
		{"NO_COLOR", [2]string{"NO_COLOR", "1"}, nil, true, false},
		{"a terminal that can nothing", [2]string{"TERM", "dumb"}, nil, true, false},
		{"never", [2]string{"NO_COLOR", ""}, []string{"--color", "never"}, true, false},
		{"always, whatever NO_COLOR says", [2]string{"NO_COLOR", "1"}, []string{"--color=always"}, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TERM", "xterm")
			t.Setenv(tt.env[0], tt.env[1])
			mine, theirs := pty(t)
			root := rootCommand()
			root.SetArgs(append([]string{"check", file}, tt.args...))
			root.SetOut(theirs)
			root.SetErr(io.Discard)
			if err := root.ExecuteContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			theirs.Close()
			text, _ := io.ReadAll(mine) // It ends with EIO, since nobody has the other end.
			if got := strings.Contains(string(text), "    4 |"); got != tt.lines {
				t.Errorf("source lines: %v\n%s", got, text)
			}
			if got := strings.Contains(string(text), "\x1b["); got != tt.colour {
				t.Errorf("colours: %v\n%q", got, text)
			}
		})
	}
}

// pty opens a pseudo terminal (man 7 pty).
func pty(t *testing.T) (mine, theirs *os.File) {
	t.Helper()
	mine, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("open a pseudo terminal:", err)
	}
	t.Cleanup(func() { mine.Close() })
	if err := unix.IoctlSetPointerInt(int(mine.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip("unlock a pseudo terminal:", err)
	}
	n, err := unix.IoctlGetInt(int(mine.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip("name a pseudo terminal:", err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("open a pseudo terminal:", err)
	}
	t.Cleanup(func() { theirs.Close() })
	return mine, theirs
}

// TestCheckPipe holds that a pipe is read once and never waited for.
func TestCheckPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("make a pipe:", err)
	}
	go func() {
		_ = os.WriteFile(pipe, []byte(doubtful), 0o600) // An error shows in what is read.
	}()
	out, _, code := execute(t, "", "check", pipe, "--color", "always")
	if !strings.Contains(out, ":4:2:") || strings.Contains(out, "| ") || code != 0 {
		t.Errorf("it printed\n%s and exited with %d", out, code)
	}
}

func TestCheckUnreadable(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, file, says string
	}{
		{"a missing file", "/nowhere/tandem.conf", "no such file or directory"},
		{"a folder", "/", "it is a directory"},
		{"a program", program, "binary data"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for arg, want := range map[string]int{"--strict": exitFailed, "--dump": exitFailed, "--explain": exitFailed, "--keepalived-exit-codes": keepalivedFatal} {
				out, errs, code := execute(t, "", "check", tt.file, arg)
				if !strings.Contains(out+errs, tt.says) || code != want {
					t.Errorf("%s: it printed\n%s%s and exited with %d, want %d", arg, out, errs, code, want)
				}
			}
		})
	}
}

// TestCheckJSON holds the names that machines go by.
func TestCheckJSON(t *testing.T) {
	out, errs, code := execute(t, doubtful, "check", "-f", "-", "-i", "lb1", "--json", "--strict")
	if errs != "" || code != exitHost {
		t.Errorf("it said %q and exited with %d", errs, code)
	}
	var got struct {
		File     string
		ConfigID string `json:"config_id"`
		Summary  struct {
			Usable        bool
			Errors, Notes int
		}
		Diagnostics []struct {
			File                    string
			Line, Column            int
			Severity, Message, Hint string
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.File != "<stdin>" || got.ConfigID != "lb1" || !got.Summary.Usable || got.Summary.Errors != 2 {
		t.Errorf("got %+v", got)
	}
	for _, d := range got.Diagnostics {
		if d.Line == 4 && d.Column == 2 && d.Severity == "error" && d.Hint == "did you mean priority?" && d.File == "<stdin>" {
			return
		}
	}
	t.Errorf("the misspelt keyword is not among %+v", got.Diagnostics)
}

// TestCheckDumpLoads holds that what --dump prints is a configuration, with
// nothing else on standard output.
func TestCheckDumpLoads(t *testing.T) {
	out, errs, code := execute(t, doubtful, "check", "-f", "-", "--dump", "--show-secrets")
	if code != 0 || !strings.Contains(errs, "prioritty") {
		t.Errorf("it said %q and exited with %d", errs, code)
	}
	config, found := conf.Parse("dump", []byte(out))
	if found.Count(conf.Error)+found.Count(conf.Fatal) > 0 || len(config.VRRP.Instances) != 1 {
		t.Errorf("what it printed is\n%s%v", out, found)
	}
	out, _, _ = execute(t, doubtful, "check", "-f", "-", "--dump", "--json")
	if !json.Valid([]byte(out)) {
		t.Errorf("it is no JSON: %s", out)
	}
}

func TestKeepalivedStatus(t *testing.T) {
	of := func(sev conf.Severity, class conf.Class) conf.Diagnostic {
		return conf.Diagnostic{Severity: sev, Class: class}
	}
	tests := []struct {
		name  string
		found conf.Diagnostics
		want  int
	}{
		{"nothing", nil, 0},
		{"a note", conf.Diagnostics{of(conf.Note, 0)}, 0},
		{"a warning", conf.Diagnostics{of(conf.Warning, 0)}, 5},
		{"an error", conf.Diagnostics{of(conf.Error, 0)}, 5},
		{"what stops a start", conf.Diagnostics{of(conf.Fatal, 0)}, 4},
		{"a missing interface", conf.Diagnostics{of(conf.Error, conf.MissingInterface)}, 4},
		{"an error hides that", conf.Diagnostics{of(conf.Fatal, 0), of(conf.Error, 0)}, 5},
		{"an include that failed", conf.Diagnostics{of(conf.Error, conf.FailedInclude)}, 6},
		{"which hides all", conf.Diagnostics{of(conf.Fatal, conf.FailedInclude), of(conf.Error, 0)}, 6},
		{"but for a missing argument", conf.Diagnostics{of(conf.Fatal, conf.FailedInclude), of(conf.Error, conf.MissingArgument)}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := keepalivedStatus(tt.found); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
	_, _, code := execute(t, "vrrp_instance A {\npriority\n}\n", "check", "-f", "-", "--keepalived-exit-codes")
	if code != keepalivedMissing {
		t.Errorf("without its argument it exits with %d", code)
	}
}

func TestCheckUsage(t *testing.T) {
	tests := []struct {
		name string
		args []string
		says string
	}{
		{"two exit statuses", []string{"--strict", "--keepalived-exit-codes"}, "--strict and --keepalived-exit-codes do not go together"},
		{"secrets of nothing", []string{"--show-secrets"}, "for --dump"},
		{"an id of nobody", []string{"--against-id", "lb2"}, "for --against"},
		{"a file against itself", []string{"-f", "x.conf", "--against", "./x.conf"}, "--against-id"},
		{"a colour", []string{"--color", "red"}, "auto, always, never"},
		{"two files", []string{"a", "b"}, "at most 1"},
		{"a dump and a table", []string{"--dump", "--explain"}, "--dump and --explain do not go together"},
		{"a dump of two", []string{"--dump", "--against", "a"}, "--dump and --against do not go together"},
		{"two files, one by its flag", []string{"-f", "a", "b"}, "two files, a and b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, errs, code := execute(t, "", append([]string{"check"}, tt.args...)...)
			if code != exitUsage || !strings.Contains(errs, tt.says) {
				t.Errorf("it said %q and exited with %d", errs, code)
			}
		})
	}
}

// TestCheckExamplesParse holds that every example of the help uses flags that
// exist.
func TestCheckExamplesParse(t *testing.T) {
	for example := range strings.Lines(checkExample) {
		_, args, ok := strings.Cut(example, "tandem check")
		if !ok {
			continue
		}
		args, _, _ = strings.Cut(args, "#")
		args, _, _ = strings.Cut(args, "|")
		args, _, _ = strings.Cut(args, "&&")
		cmd := checkCommand()
		if err := cmd.ParseFlags(strings.Fields(strings.NewReplacer("<(ssh lb2 tandem check --dump --show-secrets)", "file").Replace(args))); err != nil {
			t.Errorf("%s: %v", strings.TrimSpace(example), err)
		}
	}
}

// TestCompletion holds that the shell completes flags and their values.
func TestCompletion(t *testing.T) {
	for typed, want := range map[string]string{"--agai": "--against-id", "--color=": "always"} {
		out, _, _ := execute(t, "", "__complete", "check", typed)
		if !strings.Contains(out, want) {
			t.Errorf("%s completes to %q", typed, out)
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	script, _, _ := execute(t, "", "completion", "bash")
	if out, err := exec.Command(bash, "-n", "-c", script).CombinedOutput(); err != nil {
		t.Errorf("bash does not take the completion: %v\n%s", err, out)
	}
}
