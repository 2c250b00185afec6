package conf

// laterGroup are the keywords of vrrp_sync_group that are not built yet.
func laterGroup() []row[group] { return notifyRows[group]() }
