package conf

// The programs that an instance or a sync group runs when its state changes.
// A second one of a kind is ignored, as in keepalived.

// notifyRows are those of instances and groups alike.
func notifyRows[T any]() []row[T] {
	return []row[T]{
		command[T]("notify_master").single().later().withOthers("notify", "no program is run on a change of state").doc("none", "program to run on becoming master"),
		command[T]("notify_backup").single().later().withOthers("notify", "no program is run on a change of state").doc("none", "program to run on becoming backup"),
		command[T]("notify_fault").single().later().withOthers("notify", "no program is run on a change of state").doc("none", "program to run on a fault"),
		command[T]("notify_stop").single().later().withOthers("notify", "no program is run on a change of state").doc("none", "program to run when tandem stops"),
		command[T]("notify").single().later().withOthers("notify", "no program is run on a change of state").doc("none", "program to run on any change; it gets INSTANCE or GROUP, the name, the state and the priority behind its arguments"),
		boolean[T]("notify_priority_changes", nil).later().doc("that of vrrp_notify_priority_changes", "changes of the priority go to the FIFOs too"),
		boolean[T]("smtp_alert", nil).later().withOthers("mail", "no mail is sent").doc("that of global_defs", "mail on a change of state"),
	}
}

// notifyInstance are those that only an instance has.
func notifyInstance() []row[instance] {
	return []row[instance]{
		optionalCommand[instance]("notify_deleted").single().later().withOthers("notify", "no program is run on a change of state").doc("none", "program to run when a reload removes the instance; without one, it is told DELETED instead of FAULT"),
		command[instance]("notify_master_rx_lower_pri").single().later().withOthers("notify", "no program is run on a change of state").doc("none", "program to run when a master hears one of lower priority"),
	}
}
