package text

import "strings"

// Distance is how many bytes must be added, dropped or changed to make b of a
// (Levenshtein).
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// Near are the words of all that someone who typed word may have meant, three at
// most: those that it is part of, and those fewest letters away.
func Near(word string, all []string) []string {
	part := func(w string) bool { return len(word) > 2 && strings.Contains(w, word) }
	best := 1 + len(word)/4
	for _, w := range all {
		best = min(best, Distance(word, w))
	}
	var found []string
	for _, w := range all {
		if part(w) || Distance(word, w) == best {
			found = append(found, w)
		}
	}
	return found[:min(len(found), 3)]
}

// OrList joins words for a sentence: "a, b or c".
func OrList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
