// Package program runs programs that the configuration names: who they are run
// as, whether their paths are safe, and how they end. It knows nothing of VRRP.
package program

// Command is a program with its arguments and the account to run it as.
type Command struct {
	Line string   // as the configuration has it, for messages
	Args []string // the program's absolute path first

	// User and Group are names or numbers; empty: those of Policy.
	User, Group string
}

// Empty reports that there is no program.
func (c Command) Empty() bool { return len(c.Args) == 0 }

// Policy is what global_defs says of all programs.
type Policy struct {
	User, Group   string // script_user; empty: keepalived_script if there is such a user, else our own
	Secure        bool   // enable_script_security: no program as root that somebody else could change
	KeepSymlinks  bool   // use_symlink_paths
	Supplementary bool   // set_supplementary_groups
}
