package text

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// EscapeJSON writes what a terminal would not print as it stands as \u escapes:
// DEL, C1 controls, format characters such as those that turn writing round, and
// what else is not printed. JSON is the same to whoever reads it, and its encoder
// has done so with C0 controls.
func EscapeJSON(b []byte) []byte {
	if !slices.ContainsFunc(b, func(c byte) bool { return c >= 0x7F }) {
		return b // as nearly always
	}
	out := b[:0:0]
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r < 0x7F || r == utf8.RuneError && size == 1 || unicode.IsPrint(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) {
			out = append(out, b[:size]...)
		} else if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		} else {
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[size:]
	}
	return out
}
