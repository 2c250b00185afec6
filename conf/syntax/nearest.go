package syntax

// Nearest is the name at the smallest edit distance of word: one edit for
// every four letters and at most four, but one for a word of three. More would
// guess at words that have nothing in common, and a wrong guess is worse than
// none.
func Nearest(word string, names []string) string {
	best, limit := "", min(max(len(word)/4, min(len(word)/3, 1)), 4)
	for _, name := range names {
		if d := len(name) - len(word); d > limit || -d > limit {
			continue
		}
		if d := distance(word, name); d <= limit && (best == "" || d < distance(word, best)) {
			best = name
		}
	}
	return best
}

// distance is the number of letters to insert, drop, replace or swap with
// their neighbour that makes b of a (optimal string alignment).
func distance(a, b string) int {
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := prev[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, prev[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return prev[len(b)]
}
