package window

import (
	"strings"
	"unicode"
)

// plain makes foreign text harmless for one line of screen: no control or
// formatting characters (those could reverse or hide what follows), white space
// collapsed, no more than 200 runes.
func plain(s string) string {
	var b strings.Builder
	count, gap := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			gap = b.Len() > 0
			continue
		case !unicode.IsPrint(r):
			continue
		}
		if count++; count > 200 {
			b.WriteRune('…')
			break
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(r)
	}
	return b.String()
}
