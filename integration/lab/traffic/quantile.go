package traffic

import (
	"cmp"
	"math"
	"slices"
)

// Quantile returns the value below which the fraction q (0 to 1) of the values
// lies, by nearest rank: always one of the values, so that a report shows what
// was measured. The zero value stands for no values.
func Quantile[T cmp.Ordered](values []T, q float64) T {
	if len(values) == 0 {
		var zero T
		return zero
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Median returns the middle value; of an even number the upper one of the two,
// so that a budget is never met by the better half alone.
func Median[T cmp.Ordered](values []T) T {
	if len(values) == 0 {
		var zero T
		return zero
	}
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
