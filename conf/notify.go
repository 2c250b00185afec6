package conf

import (
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp/notify"
)

// hooks are what an instance or a sync group runs and tells when its state
// changes. A second one of a kind is ignored, as in keepalived.
type hooks struct {
	master, backup, fault, stop, deleted, any, lower commandLine

	tellDeleted      bool
	priorities, mail *bool // nil: as global_defs says
}

// notifyRows are those of instances and groups alike.
func notifyRows[T any](at func(*T) *hooks) []row[T] {
	hook := func(name string, of func(*hooks) *commandLine) row[T] {
		return programRow(name, func(t *T) *commandLine { return of(at(t)) }).single().
			departing("a newer state waits for it and takes the place of what waits already; it also reads the change as JSON from its stdin and TANDEM_* from its environment")
	}
	return []row[T]{
		hook("notify_master", func(h *hooks) *commandLine { return &h.master }).doc("none", "program to run on becoming master, once the addresses are there"),
		hook("notify_backup", func(h *hooks) *commandLine { return &h.backup }).doc("none", "program to run on becoming backup"),
		hook("notify_fault", func(h *hooks) *commandLine { return &h.fault }).doc("none", "program to run on a fault"),
		hook("notify_stop", func(h *hooks) *commandLine { return &h.stop }).doc("none", "program to run when tandem stops"),
		hook("notify", func(h *hooks) *commandLine { return &h.any }).
			doc("none", "program to run on any change, after the one of the state; it gets INSTANCE or GROUP, the name, the state and the priority behind its arguments"),
		optionalBoolean("notify_priority_changes", func(t *T) **bool { return &at(t).priorities }).
			doc("that of vrrp_notify_priority_changes", "changes of the priority go to the pipes too"),
		optionalBoolean("smtp_alert", func(t *T) **bool { return &at(t).mail }).
			doc("that of global_defs", "mail on a change of state").
			departing("changes that follow one another within 5 s, or one after the other for a minute, are one mail"),
	}
}

// notifyInstance are those that only an instance has.
func notifyInstance() []row[instance] {
	return []row[instance]{
		custom("notify_deleted", "[COMMAND [USER [GROUP]]]", (*instance).setDeleted).single().shown((*instance).showDeleted).
			doc("none", "program to run when a reload removes the instance, which is told as DELETED then; without it the removal is told as FAULT"),
		programRow("notify_master_rx_lower_pri", func(in *instance) *commandLine { return &in.hooks.lower }).single().
			doc("none", "program to run when a master hears one of lower priority"),
	}
}

// setDeleted reads notify_deleted, which says something without a program too.
func (in *instance) setDeleted(l *loader, s *syntax.Statement) {
	if len(s.Args()) > 0 {
		in.hooks.deleted.set(l, s)
	}
	in.hooks.tellDeleted = len(s.Args()) == 0 || !in.hooks.deleted.Empty()
}

func (in *instance) showDeleted() []Node {
	if in.hooks.deleted.Empty() && in.hooks.tellDeleted {
		return statement("notify_deleted")
	}
	return in.hooks.deleted.node("notify_deleted")
}

// commands are the programs with their keywords.
func (h *hooks) commands() []namedCommand {
	return []namedCommand{
		{"notify_master", &h.master}, {"notify_backup", &h.backup}, {"notify_fault", &h.fault}, {"notify_stop", &h.stop},
		{"notify", &h.any}, {"notify_deleted", &h.deleted}, {"notify_master_rx_lower_pri", &h.lower},
	}
}

// runs tells whether there is a program at all.
func (h *hooks) runs() bool {
	return slices.ContainsFunc(h.commands(), func(c namedCommand) bool { return !c.Empty() })
}

// result are the hooks as they run.
func (h *hooks) result(g *globals) notify.Hooks {
	out := notify.Hooks{
		Master: h.master.Command, Backup: h.backup.Command, Fault: h.fault.Command, Stop: h.stop.Command,
		Deleted: h.deleted.Command, TellDeleted: h.tellDeleted, Any: h.any.Command, LowerHeard: h.lower.Command,
		Priorities: g.scripts.priorities, Mail: g.mail.about(),
	}
	if h.priorities != nil {
		out.Priorities = *h.priorities
	}
	if h.mail != nil {
		out.Mail = *h.mail
	}
	return out
}

// finishNotify says who is told what.
func (l *loader) finishNotify(cfg *Config) {
	g := &l.global
	l.within("global_defs", func() { g.scripts.judge(l) })
	cfg.Notify = g.scripts.result()
	cfg.Notify.RouterID, cfg.Notify.Mail = g.routerID, g.mail.result()
	cfg.Track.Policy = cfg.Notify.Policy
	groupOf := make(map[string]string)
	for _, grp := range l.groups {
		for _, name := range grp.runs {
			groupOf[name] = grp.name
		}
		put(&cfg.Notify.Groups, grp.name, grp.hooks.result(g))
	}
	for _, in := range l.instances {
		h := in.hooks.result(g)
		if in.hooks.runs() {
			h.Group = groupOf[in.Name]
			for _, a := range in.addresses() {
				h.Addresses = append(h.Addresses, a.Prefix)
			}
		}
		put(&cfg.Notify.Instances, in.Name, h)
	}
	g.mail.judge(l, cfg.Notify)
}
