package ipvs_test

import (
	"testing"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// BenchmarkDiff compares equal tables of 1000 services with 10 servers each,
// as every pass of a Reconciler does.
func BenchmarkDiff(b *testing.B) {
	table := ipvstest.FullTable(1000, 10).Normal()
	have := table.Normal()
	b.ReportAllocs()
	for b.Loop() {
		if ops := ipvs.Diff(have, table); len(ops) != 0 {
			b.Fatal(ops[0])
		}
	}
}
