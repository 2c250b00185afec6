package conf

// laterGroup are the keywords of vrrp_sync_group that are not built yet.
func laterGroup() []row[group] {
	rows := laterTracks[group]()
	for _, k := range [...][2]string{
		{"track_interface", "{ IF ... }"},
		{"notify_master", "COMMAND [USER [GROUP]]"},
		{"notify_backup", "COMMAND [USER [GROUP]]"},
		{"notify_fault", "COMMAND [USER [GROUP]]"},
		{"notify_stop", "COMMAND [USER [GROUP]]"},
		{"notify", "COMMAND [USER [GROUP]]"},
		{"smtp_alert", "[BOOL]"},
		{"notify_priority_changes", "[BOOL]"},
		{"global_tracking", ""},
		{"sync_group_tracking_weight", ""},
	} {
		rows = append(rows, unchecked[group](k[0], k[1]))
	}
	return rows
}
