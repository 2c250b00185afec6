// Package meaning holds that a file means to tandem what it means to keepalived.
// Both say what they made of it: tandem by the configuration that it would run,
// keepalived by the data that it logs when it is started with -d. Both are put
// into the same plain facts, "vrrp_instance VI_1 priority = 150", and every
// difference must be one that is listed with its reason.
package meaning
