package program

import (
	"errors"
	"os"
	"os/user"
	"strconv"
	"strings"
)

// DefaultUser is who runs programs for which nothing else is said, where the
// host has such a user. The name is keepalived's, so that a host that has it
// needs no change.
const DefaultUser = "keepalived_script"

// Account is who a program is run as.
type Account struct {
	Name     string // as messages call it
	UID, GID uint32
	Groups   []uint32 // supplementary ones
}

// accounts are the users and groups of a host.
type accounts interface {
	user(name string) (*user.User, error)
	userByID(id string) (*user.User, error)
	group(name string) (*user.Group, error)
	groupsOf(*user.User) ([]string, error)
}

// hostAccounts are those of this host.
type hostAccounts struct{}

func (hostAccounts) user(name string) (*user.User, error)    { return user.Lookup(name) }
func (hostAccounts) userByID(id string) (*user.User, error)  { return user.LookupId(id) }
func (hostAccounts) group(name string) (*user.Group, error)  { return user.LookupGroup(name) }
func (hostAccounts) groupsOf(u *user.User) ([]string, error) { return u.GroupIds() }

// AccountOf is who a program of a user and a group would be run as; both may be
// empty. The error is a *Refusal.
func AccountOf(user, group string, p Policy) (Account, error) {
	a, refusal := account(Command{User: user, Group: group}, p, hostAccounts{})
	if refusal != nil {
		return a, refusal
	}
	return a, nil
}

// account is who the command is run as: who it says, else who the policy says,
// else DefaultUser, else we. As in keepalived there is no else for a policy that
// is secure: root is not what nobody asked for.
func account(c Command, p Policy, host accounts) (Account, *Refusal) {
	switch {
	case c.User != "":
		return named(c.User, c.Group, p, host)
	case p.User != "":
		return named(p.User, p.Group, p, host)
	}
	if _, err := host.user(DefaultUser); err == nil {
		return named(DefaultUser, "", p, host)
	}
	if p.Secure {
		return Account{}, refuse(NoAccount, "write script_user root, or another user, in global_defs",
			"enable_script_security wants to be told who runs programs, and this host has no user %s", DefaultUser)
	}
	a := Account{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	a.Name, a.Groups = "uid "+id(a.UID), []uint32{a.GID}
	if u, err := host.userByID(id(a.UID)); err == nil {
		a.Name = u.Username
	}
	return a, nil
}

// named looks an account up. The group of a user is its own unless one is said.
func named(name, group string, p Policy, host accounts) (Account, *Refusal) {
	a := Account{Name: name}
	u, err := host.user(name)
	if err != nil && number(name) {
		u, err = host.userByID(name)
	}
	switch {
	case err == nil:
		a.UID, a.GID = parse(u.Uid), parse(u.Gid)
	case number(name):
		a.UID, a.GID = parse(name), parse(name) // in no table, as a container's may be
	default:
		return a, refuse(NoAccount, "add the user, or name another one", "there is no user %s on this host%s", name, other(err))
	}
	if group = strings.TrimPrefix(group, ":"); group != "" {
		g, err := host.group(group)
		switch {
		case err == nil:
			a.GID = parse(g.Gid)
		case number(group):
			a.GID = parse(group)
		default:
			return a, refuse(NoAccount, "add the group, or name another one", "there is no group %s on this host%s", group, other(err))
		}
	}
	a.Groups = []uint32{a.GID}
	if p.Supplementary && u != nil {
		all, err := host.groupsOf(u)
		if err != nil {
			return a, refuse(NoAccount, "", "read the groups of %s: %s", name, err)
		}
		for _, g := range all {
			if n := parse(g); n != a.GID {
				a.Groups = append(a.Groups, n)
			}
		}
	}
	return a, nil
}

// other is an error of a look-up that is not simply that the name is unknown.
func other(err error) string {
	var noUser user.UnknownUserError
	var noGroup user.UnknownGroupError
	if errors.As(err, &noUser) || errors.As(err, &noGroup) {
		return ""
	}
	return ": " + err.Error()
}

func number(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

// parse is the number of an account; those of the tables are well formed.
func parse(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 65534 // nobody, rather than root
	}
	return uint32(n)
}

func id(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
