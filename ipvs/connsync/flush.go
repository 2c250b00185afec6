package connsync

import "time"

// FlushTime is how long the master daemon must still run after the last packet
// through this director, so that the other one knows all its connections: a
// director that stops takes its addresses away, waits for FlushTime, and calls
// Clear then. Clear right away loses the connections of the last seconds, which
// not even a kill does.
//
// The kernel keeps a message that is not full yet for 2 s
// (IPVS_SYNC_FLUSH_TIME in include/net/ip_vs.h), looks for such messages once
// in 1 s (IPVS_SYNC_CHECK_PERIOD, sync_thread_master in
// net/netfilter/ipvs/ip_vs_sync.c), and throws away what it holds when the
// daemon is stopped. So it is up to 3 s; the rest is for a slow wake-up.
const FlushTime = 3100 * time.Millisecond
