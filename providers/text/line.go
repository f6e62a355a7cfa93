package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line makes foreign text fit for one line: white space and line breaks of any
// kind become single spaces, and what is not printed is left out: control
// characters (C0, DEL and C1, so no escape sequence of a terminal begins), format
// characters (which turn writing round, join it or hide it), private use, and
// bytes that are no UTF-8. More than limit characters are cut, with an ellipsis as
// the last one; 0 is no limit.
//
// It is not an escape: what a shell, HTML or a notification's markup reads
// something into is quoted where it goes there.
func Line(s string, limit int) string {
	s = strings.Join(strings.Fields(strings.Map(printable, s)), " ")
	if limit > 0 && utf8.RuneCountInString(s) > limit {
		s = strings.TrimSpace(string([]rune(s)[:limit-1])) + "…"
	}
	return s
}

// Short is Line for a name: of a long one the middle is left out, since names differ
// at their ends.
func Short(s string, limit int) string {
	runes := []rune(Line(s, 0))
	if len(runes) <= limit {
		return string(runes)
	}
	return string(runes[:limit/2]) + "…" + string(runes[len(runes)-(limit-1)/2:])
}

// Lines is Line without a limit for each line of a text.
func Lines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, line := range lines {
		lines[i] = Line(line, 0)
	}
	return strings.Join(lines, "\n")
}

// printable is the character that is shown for r; -1 for none.
func printable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case r == utf8.RuneError, !unicode.IsPrint(r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
		return -1
	}
	return r
}

// Sentence makes a sentence of an error's text, on one line: it begins with a
// capital and ends with a full stop. A first word that is more than letters (a
// host, a path) stays as it is.
func Sentence(s string) string {
	s = Capitalize(strings.Join(strings.Fields(s), " "))
	if s == "" || strings.ContainsRune(".!?…", lastRune(s)) {
		return s
	}
	return strings.TrimRight(s, ":;,") + "."
}

// Capitalize begins a text with a capital, if its first word has letters only.
func Capitalize(s string) string {
	word, _, _ := strings.Cut(s, " ")
	if strings.ContainsFunc(strings.TrimRight(word, ",;:.!?…"), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' }) {
		return s
	}
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 || !unicode.IsLower(first) {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

// Fill fills the places of a text, in pairs: "Name", "work" for {{.Name}}. What is
// filled in is not filled again.
func Fill(template string, pairs ...string) string {
	if len(pairs) == 0 {
		return template
	}
	places := slices.Clone(pairs)
	for i := 0; i+1 < len(places); i += 2 {
		places[i] = "{{." + places[i] + "}}"
	}
	return strings.NewReplacer(places[:len(places)&^1]...).Replace(template)
}
