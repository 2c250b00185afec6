package ipvs

import (
	"fmt"
	"math/bits"
)

// The sizes of the kernel's connection table, as conn_tab_bits. The largest is
// what every kernel takes; some take more since Linux 6.5.
const (
	minTableBits = 8
	maxTableBits = 20
)

// longChain is how many connections of one bucket are a lot: each packet looks
// through them, so the director slows down when it has most to do.
const longChain = 4

// TableAdvice judges the size of the kernel's connection table (size buckets,
// as kernel.Info tells; 0: not known) by the connections that are expected at
// once. It is empty where the table will do.
func TableAdvice(size, expected int) string {
	if size <= 0 || expected <= longChain*size {
		return ""
	}
	// A bucket for each connection, where the kernel can.
	want := min(max(bits.Len(uint(expected-1)), minTableBits), maxTableBits)
	if 1<<want <= size {
		return fmt.Sprintf("%d connections in an IPVS table of %d buckets are %d in each; no kernel is sure to take a larger table than this one",
			expected, size, expected/size)
	}
	return fmt.Sprintf("%d connections in an IPVS table of %d buckets are %d in each, and every packet looks through them; "+
		"put \"options ip_vs conn_tab_bits=%d\" into /etc/modprobe.d/tandem.conf. It counts only when the module is loaded: "+
		"stop tandem and load ip_vs anew, or reboot", expected, size, expected/size, want)
}
