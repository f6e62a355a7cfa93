package cli

import (
	"strings"

	"github.com/authtray/authtray/providers/text"
)

// oneLine makes foreign text fit for a line of a terminal, however long.
func oneLine(s string) string { return text.Line(s, 0) }

// near are the words that someone who typed word may have meant: those it is
// part of, and else those fewest letters away.
func near(word string, all []string) []string {
	part := func(w string) bool { return len(word) > 2 && strings.Contains(w, word) }
	best := 1 + len(word)/4
	for _, w := range all {
		best = min(best, distance(word, w))
	}
	var found []string
	for _, w := range all {
		if part(w) || distance(word, w) == best {
			found = append(found, w)
		}
	}
	return found[:min(len(found), 3)]
}

// distance is how many letters must be added, dropped or changed (Levenshtein).
func distance(a, b string) int {
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
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// orList joins words for a sentence: "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
