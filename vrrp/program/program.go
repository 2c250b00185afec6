// Package program runs programs that the configuration names: who they are run
// as, whether their paths are safe, and how they end. It knows nothing of VRRP.
//
// Resolve says what would be run as whom, or why nothing is; Run does it. A
// program is run as it stands, by no shell, in a session of its own, and a limit
// of time ends all of that session's first process group, not only the program.
package program

// Command is a program with its arguments and the account to run it as.
type Command struct {
	Line string // as the configuration has it, for messages
	// Args are the program and its arguments. A program without a slash is looked
	// up in PATH. One that begins with < is no program: whether the file behind
	// it can be read is the exit status (keepalived's way to track a file).
	Args []string

	// User and Group are names or numbers; empty: those of Policy. A group may
	// have a colon before it.
	User, Group string
}

// Empty reports that there is no program.
func (c Command) Empty() bool { return len(c.Args) == 0 }

// Name is what messages call the command: the line of the configuration.
func (c Command) Name() string {
	if c.Line == "" && len(c.Args) > 0 {
		return c.Args[0]
	}
	return c.Line
}

// Policy is what global_defs says of all programs.
type Policy struct {
	User, Group   string // script_user; empty: keepalived_script if there is such a user, else our own
	Secure        bool   // enable_script_security: no program as root that somebody else could change
	KeepSymlinks  bool   // use_symlink_paths
	Supplementary bool   // set_supplementary_groups
}
