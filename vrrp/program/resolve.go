package program

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Resolved is what is run, as whom. Files change: it is worth a moment, not a
// day. Resolving again costs some twenty cheap system calls.
type Resolved struct {
	Command Command
	Path    string   // of the file that is executed
	Args    []string // of the process, the program first
	Account Account
	// Warnings are what an operator should know though it is run: a path that is
	// not safe where nobody asked for security, a program found through PATH.
	Warnings []string
}

// searchPath is where a program without a slash is looked for if the environment
// has no PATH.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Resolve says what a command would run and as whom, on this host at this
// moment. The error is a *Refusal.
func Resolve(c Command, p Policy) (Resolved, error) {
	r, refusal := resolve(c, p, hostAccounts{})
	if refusal != nil {
		refusal.Command = c
		return Resolved{Command: c}, refusal
	}
	return r, nil
}

func resolve(c Command, p Policy, host accounts) (Resolved, *Refusal) {
	r := Resolved{Command: c, Args: slices.Clone(c.Args)}
	if c.Empty() || c.Args[0] == "" {
		return r, refuse(NoProgram, "", "it names no program")
	}
	var refusal *Refusal
	if r.Account, refusal = account(c, p, host); refusal != nil {
		return r, refusal
	}
	if file, ok := redirection(c.Args); ok {
		// Only a shell knows what to do without a program, and it is asked for
		// nothing else.
		r.Path, r.Args = "/bin/sh", []string{"/bin/sh", "-c", `: <"$1"`, "sh", file}
		return r, nil
	}
	path, err := find(c.Args[0])
	if err != nil {
		return r, err
	}
	if path != c.Args[0] {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s is found in PATH as %s: write the whole path, since PATH is another one elsewhere", c.Args[0], path))
	}
	r.Args[0] = path
	walked, refusal := walk(path)
	if refusal != nil {
		return r, refusal
	}
	if refusal := walked.runnable(r.Account); refusal != nil {
		return r, refusal
	}
	r.Path = walked.file
	if !p.KeepSymlinks {
		r.Args[0] = walked.named()
	}
	interpreter, refusal := r.interpreted(walked.file)
	if refusal != nil {
		return r, refusal
	}
	return r, r.judge(p, walked, interpreter)
}

// judge refuses a program of root that somebody else could change, or warns of
// it where the policy is not secure.
func (r *Resolved) judge(p Policy, program walkedPath, interpreter string) *Refusal {
	if !program.privileged(r.Account) {
		return nil
	}
	threats := program.threats
	if interpreter != "" {
		if w, refusal := walk(interpreter); refusal == nil {
			threats = append(threats, w.threats...)
		}
	}
	if len(threats) == 0 {
		return nil
	}
	t := threats[0]
	if p.Secure {
		return refuse(Unsafe, t.remedy(), "it would run as %s, and %s", r.Account.Name, t)
	}
	r.Warnings = append(r.Warnings, fmt.Sprintf("%s runs as %s, and %s: enable_script_security would refuse it (%s)", r.Command.Name(), r.Account.Name, t, t.remedy()))
	return nil
}

// redirection is the file of a command that only reads one: "</path" or "< /path".
func redirection(args []string) (string, bool) {
	rest, ok := strings.CutPrefix(args[0], "<")
	switch {
	case !ok:
		return "", false
	case rest == "" && len(args) > 1:
		rest = args[1]
	}
	rest = strings.TrimLeft(rest, " \t")
	return rest, strings.HasPrefix(rest, "/")
}

// find is the path of a program.
func find(name string) (string, *Refusal) {
	if strings.HasPrefix(name, "/") {
		return name, nil
	}
	if strings.Contains(name, "/") {
		return "", refuse(NotFound, "write it from / on", "%s is no path from /, and a director has no working directory", name)
	}
	dirs := os.Getenv("PATH")
	if dirs == "" {
		dirs = searchPath
	}
	for _, dir := range filepath.SplitList(dirs) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); filepath.IsAbs(path) && err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", refuse(NotFound, "write the whole path", "there is no %s in %s", name, dirs)
}

// missing makes a refusal of an error of the file system.
func missing(path string, err error) *Refusal {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse(NotFound, "", "there is no %s", path)
	case errors.Is(err, fs.ErrPermission):
		return refuse(NoAccess, "", "%s cannot be looked at: permission denied", path)
	}
	var inner *fs.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return refuse(NotFound, "", "look at %s: %s", path, err)
}
