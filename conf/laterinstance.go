package conf

// laterInstance are the keywords of vrrp_instance that are not built yet.
func laterInstance() []row[instance] {
	rows := []row[instance]{unknownYet[instance]("auth_hmac", "{ }", hmacBlock)}
	for _, k := range [...][2]string{
		{"vrf", "IF"},
		{"no_virtual_ipaddress", ""},
		{"promote_secondaries", ""},
		{"dont_track_primary", ""},
		{"track_src_ip", ""},
		{"mcast_dst_ip", "IP"},
		{"unicast_ttl", "N"},
		{"unicast_fault_no_peer", ""},
		{"check_unicast_src", ""},
		{"old_unicast_checksum", "[never]"},
		{"v3_checksum_as_v2", "[BOOL]"},
		{"native_ipv6", ""},
		{"no_accept", ""},
		{"strict_mode", "[BOOL]"},
		{"skip_check_adv_addr", "[BOOL]"},
		{"use_vmac", "[OPTION ...]"},
		{"use_vmac_addr", ""},
		{"vmac_xmit_base", ""},
		{"use_ipvlan", "[OPTION ...]"},
		{"garp_lower_prio_delay", "SECONDS"},
		{"garp_lower_prio_repeat", "N"},
		{"garp_extra_if", "[all] SECONDS"},
		{"vmac_garp_intvl", "[all] SECONDS"},
		{"down_timer_adverts", "N"},
		{"timer_expired_backup", "[N]"},
		{"thread_timer_expired", "[N]"},
		{"lower_prio_no_advert", "[BOOL]"},
		{"higher_prio_send_advert", "[BOOL]"},
		{"owner_ignore_adverts", "[BOOL]"},
		{"kernel_rx_buf_size", "BYTES"},
		{"debug", "N"},
		{"smtp_alert", "[BOOL]"},
		{"notify_master", "COMMAND [USER [GROUP]]"},
		{"notify_backup", "COMMAND [USER [GROUP]]"},
		{"notify_fault", "COMMAND [USER [GROUP]]"},
		{"notify_stop", "COMMAND [USER [GROUP]]"},
		{"notify_deleted", "[COMMAND [USER [GROUP]]]"},
		{"notify", "COMMAND [USER [GROUP]]"},
		{"notify_master_rx_lower_pri", "COMMAND [USER [GROUP]]"},
		{"notify_priority_changes", "[BOOL]"},
		{"virtual_routes", "{ ROUTE ... }"},
		{"virtual_rules", "{ RULE ... }"},
		{"linkbeat_use_polling", ""},
	} {
		rows = append(rows, unchecked[instance](k[0], k[1]))
	}
	return rows
}
