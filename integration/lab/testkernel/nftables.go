package testkernel

import (
	"runtime"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

// HaveNFTables reports whether the running kernel translates addresses by
// nftables, which User Mode Linux and kernels of containers may not: it tries,
// as root, in a network namespace that it gives up again.
func HaveNFTables() bool {
	answer := make(chan bool)
	go func() {
		// A thread that ends locked is not used again, and its namespace goes
		// with it.
		runtime.LockOSThread()
		answer <- unix.Unshare(unix.CLONE_NEWNET) == nil && translates()
	}()
	return <-answer
}

// translates makes a chain for source addresses in the thread's namespace.
func translates() bool {
	c, err := nftables.New()
	if err != nil {
		return false
	}
	table := c.AddTable(&nftables.Table{Name: "tandem-probe", Family: nftables.TableFamilyINet})
	c.AddChain(&nftables.Chain{
		Name: "post", Table: table, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	return c.Flush() == nil
}
