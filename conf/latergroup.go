package conf

// laterGroup are the keywords of vrrp_sync_group that are not built yet.
func laterGroup() []row[group] {
	var rows []row[group]
	for _, k := range [...][2]string{
		{"notify_master", "COMMAND [USER [GROUP]]"},
		{"notify_backup", "COMMAND [USER [GROUP]]"},
		{"notify_fault", "COMMAND [USER [GROUP]]"},
		{"notify_stop", "COMMAND [USER [GROUP]]"},
		{"notify", "COMMAND [USER [GROUP]]"},
		{"smtp_alert", "[BOOL]"},
		{"notify_priority_changes", "[BOOL]"},
	} {
		rows = append(rows, unchecked[group](k[0], k[1]))
	}
	return rows
}
