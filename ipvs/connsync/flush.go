package connsync

import "time"

// FlushTime is how long the kernel may keep what it has to say of connections
// before it sends it: a message that is not full waits up to 2 s
// (IPVS_SYNC_FLUSH_TIME in net/netfilter/ipvs/ip_vs_sync.c), and stopping the
// master daemon throws it away. Wait this long between the last connection and
// Clear, or the newest ones are unknown to the other director.
const FlushTime = 2100 * time.Millisecond
