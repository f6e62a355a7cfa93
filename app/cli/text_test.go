package cli

import (
	"strings"
	"testing"
)

func TestForeignTextCannotSteerATerminal(t *testing.T) {
	if got := oneLine("\x1b]0;title\x07two\nlines" + strings.Repeat(" long", 200)); got != "]0;titletwo lines"+strings.Repeat(" long", 200) {
		t.Errorf("%q", got)
	}
}
