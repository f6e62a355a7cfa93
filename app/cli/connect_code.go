package cli

import (
	"context"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/browser"
)

// This file is a device code on a terminal: large, so that it can be read from
// where the other device is, and plain below it, so that it can be copied.

// glyphs are letters of five rows, each row five columns, from bit 4 on the left.
// RFC 8628 §6.1 has codes of letters and digits; what is not here is a blank.
var glyphs = map[rune][5]byte{
	'A': {0b01110, 0b10001, 0b11111, 0b10001, 0b10001}, 'B': {0b11110, 0b10001, 0b11110, 0b10001, 0b11110},
	'C': {0b01111, 0b10000, 0b10000, 0b10000, 0b01111}, 'D': {0b11110, 0b10001, 0b10001, 0b10001, 0b11110},
	'E': {0b11111, 0b10000, 0b11110, 0b10000, 0b11111}, 'F': {0b11111, 0b10000, 0b11110, 0b10000, 0b10000},
	'G': {0b01111, 0b10000, 0b10011, 0b10001, 0b01111}, 'H': {0b10001, 0b10001, 0b11111, 0b10001, 0b10001},
	'I': {0b01110, 0b00100, 0b00100, 0b00100, 0b01110}, 'J': {0b00111, 0b00010, 0b00010, 0b10010, 0b01100},
	'K': {0b10001, 0b10010, 0b11100, 0b10010, 0b10001}, 'L': {0b10000, 0b10000, 0b10000, 0b10000, 0b11111},
	'M': {0b10001, 0b11011, 0b10101, 0b10001, 0b10001}, 'N': {0b10001, 0b11001, 0b10101, 0b10011, 0b10001},
	'O': {0b01110, 0b10001, 0b10001, 0b10001, 0b01110}, 'P': {0b11110, 0b10001, 0b11110, 0b10000, 0b10000},
	'Q': {0b01110, 0b10001, 0b10101, 0b10010, 0b01101}, 'R': {0b11110, 0b10001, 0b11110, 0b10010, 0b10001},
	'S': {0b01111, 0b10000, 0b01110, 0b00001, 0b11110}, 'T': {0b11111, 0b00100, 0b00100, 0b00100, 0b00100},
	'U': {0b10001, 0b10001, 0b10001, 0b10001, 0b01110}, 'V': {0b10001, 0b10001, 0b10001, 0b01010, 0b00100},
	'W': {0b10001, 0b10001, 0b10101, 0b11011, 0b10001}, 'X': {0b10001, 0b01010, 0b00100, 0b01010, 0b10001},
	'Y': {0b10001, 0b01010, 0b00100, 0b00100, 0b00100}, 'Z': {0b11111, 0b00010, 0b00100, 0b01000, 0b11111},
	'0': {0b01110, 0b10011, 0b10101, 0b11001, 0b01110}, '1': {0b00100, 0b01100, 0b00100, 0b00100, 0b01110},
	'2': {0b11110, 0b00001, 0b01110, 0b10000, 0b11111}, '3': {0b11110, 0b00001, 0b01110, 0b00001, 0b11110},
	'4': {0b10010, 0b10010, 0b11111, 0b00010, 0b00010}, '5': {0b11111, 0b10000, 0b11110, 0b00001, 0b11110},
	'6': {0b01110, 0b10000, 0b11110, 0b10001, 0b01110}, '7': {0b11111, 0b00001, 0b00010, 0b00100, 0b00100},
	'8': {0b01110, 0b10001, 0b01110, 0b10001, 0b01110}, '9': {0b01110, 0b10001, 0b01111, 0b00001, 0b01110},
	'-': {0b00000, 0b00000, 0b01110, 0b00000, 0b00000},
}

// large writes a code in large letters; "" where it has characters that we have
// no letter for, or is wider than columns.
func large(code string, columns int) string {
	code = strings.ToUpper(code)
	rows := make([]string, 5)
	for _, r := range code {
		glyph, ok := glyphs[r]
		if !ok {
			return ""
		}
		for i := range rows {
			rows[i] += "  " + row(glyph[i])
		}
	}
	if 4+7*len(code) > columns {
		return ""
	}
	for i := range rows {
		rows[i] = "  " + strings.TrimRight(rows[i], " ")
	}
	return strings.Join(rows, "\n")
}

func row(bits byte) string {
	var b strings.Builder
	for i := 4; i >= 0; i-- {
		if bits>>i&1 == 1 {
			b.WriteRune('█')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// showCode shows a device code and where it is typed in, and opens the page
// where a person sits at this machine.
func (c *connecting) showCode(code, url string) {
	code, url = oneLine(code), oneLine(url)
	if big := large(code, columns(c.err)); big != "" {
		c.say("\n%s\n", big)
	}
	c.say("Enter the code\n\n    %s\n\nat this address, on any device:\n%s", code, url)
	if !isTerminal(c.in) || c.noBrowser {
		return
	}
	quick, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if browser.Open(quick, config.NewLog(c.err), url) == nil {
		c.say("It opens in your browser, too.")
	}
}

// columns is the width of a terminal; 0 for anything else.
func columns(w any) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
