package syntax

// Nearest is the name at the smallest edit distance of word: one edit for
// every four letters and at most four, but one for a word of three. More would
// guess at words that have nothing in common, and a wrong guess is worse than
// none.
func Nearest(word string, names []string) string {
	best, limit := "", min(max(len(word)/4, min(len(word)/3, 1)), 4)
	if limit == 0 {
		return ""
	}
	for _, name := range names {
		d := distance(word, name, limit)
		if d > limit {
			continue
		}
		if d == 0 {
			return name
		}
		best, limit = name, d-1 // Only a nearer one is better.
	}
	return best
}

// distance is the number of letters to insert, drop, replace or swap with
// their neighbour that makes b of a (optimal string alignment). It stops
// counting above the limit.
func distance(a, b string, limit int) int {
	const longest = 64 // No keyword is.
	if d := len(a) - len(b); d > limit || -d > limit || len(b) >= longest {
		return limit + 1
	}
	var rows [3][longest]int
	before, prev, row := &rows[0], &rows[1], &rows[2]
	for j := range prev[:len(b)+1] {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			replace := prev[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, prev[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit+1 { // A swap looks back two rows.
			return limit + 1
		}
		before, prev, row = prev, row, before
	}
	return prev[len(b)]
}
