package syntax

import "strings"

// Command is a script as a statement names it: notify_master "/bin/x arg" USER
// GROUP. It is run as it stands, by no shell.
type Command struct {
	Args        []string // of the process, the program first
	User, Group string   // empty: not said
	Line        string   // the command as the file has it, without its outer quotes
}

// Command reads the words behind the keyword in the way of scripts (keepalived's
// own): first " and ' hold together the command and the words for user and
// group, then the command is split at blanks, with both quotes and the escapes
// of C. The error says what is wrong, for the position of the first argument.
func (s *Statement) Command() (Command, error) {
	args := s.Args()
	if len(args) == 0 {
		return Command{}, nil
	}
	c := Command{Line: args[0].Text, Args: strings.Fields(args[0].Text)}
	if len(args) > 1 {
		c.User = args[1].Text
	}
	if len(args) > 2 {
		c.Group = args[2].Text
	}
	return c, nil
}
