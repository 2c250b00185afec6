package program

import "fmt"

// Why says why a program is not run.
type Why uint8

// The reasons. The zero value is none.
const (
	_             Why = iota
	NoProgram         // the command is empty
	NoAccount         // the user or group does not exist, or there is no default that may be used
	NotFound          // there is no such file
	NoAccess          // the account cannot reach or execute it
	NotExecutable     // it is a directory, a device, or nobody may execute it
	Unsafe            // it would run as root, and somebody else could change it
	NotStarted        // the kernel refused to start it
)

var whyNames = [...]string{
	NoProgram:     "no program",
	NoAccount:     "no account",
	NotFound:      "not found",
	NoAccess:      "no access",
	NotExecutable: "not executable",
	Unsafe:        "unsafe path",
	NotStarted:    "not started",
}

func (w Why) String() string {
	if int(w) < len(whyNames) {
		return whyNames[w]
	}
	return "?"
}

// Refusal is the error of a program that is not run.
type Refusal struct {
	Why     Why
	Command Command
	Message string // what is the matter, with the path or the account
	Hint    string // what to do; may be empty
}

// Error is the message with its hint.
func (r *Refusal) Error() string {
	s := r.Message
	if !r.Command.Empty() {
		s = fmt.Sprintf("%s is not run: %s", r.Command.Name(), r.Message)
	}
	if r.Hint != "" {
		s += " (" + r.Hint + ")"
	}
	return s
}

// refuse makes a Refusal whose command is filled in by Resolve.
func refuse(why Why, hint, format string, args ...any) *Refusal {
	return &Refusal{Why: why, Hint: hint, Message: fmt.Sprintf(format, args...)}
}
