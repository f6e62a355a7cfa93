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
		best = min(best, text.Distance(word, w))
	}
	var found []string
	for _, w := range all {
		if part(w) || text.Distance(word, w) == best {
			found = append(found, w)
		}
	}
	return found[:min(len(found), 3)]
}

// orList joins words for a sentence: "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
