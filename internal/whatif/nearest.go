package whatif

// nearest is the word that name is most likely a slip of, "" for none: at most a
// third of its letters are wrong, missing, too many or swapped with a neighbour.
func nearest(name string, words []string) string {
	if len(name) > 64 {
		return ""
	}
	best, least := "", len(name)/3+1
	for i, w := range words {
		if i == 5000 {
			break // a suggestion is not worth more
		}
		if d := len(w) - len(name); d > least || -d > least {
			continue
		}
		if d := distance(name, w); d < least || d == least && best == "" && d <= len(name)/3 {
			best, least = w, d
		}
	}
	return best
}

// distance is the optimal string alignment distance of two short words.
func distance(a, b string) int {
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		now[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(last[j]+cost, last[j+1]+1, now[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}

// cut shortens what is quoted.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
