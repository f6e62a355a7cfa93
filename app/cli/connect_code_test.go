package cli

import (
	"strings"
	"testing"
)

func TestADeviceCodeIsShownLargeWhereItFits(t *testing.T) {
	got := large("NG-1", 80)
	lines := strings.Split(got, "\n")
	if len(lines) != 5 {
		t.Fatalf("%d rows:\n%s", len(lines), got)
	}
	if first := "    █   █   ████           █"; lines[0] != first {
		t.Errorf("the first row is\n%q, want\n%q", lines[0], first)
	}
	for _, code := range []string{"WDJB-MJHT", "abcd-1234", "0123456789"} {
		if large(code, 100) == "" {
			t.Errorf("%s is not shown", code)
		}
	}
	for _, tt := range []struct {
		code    string
		columns int
	}{{"WDJB-MJHT", 60}, {"WDJB-MJHT", 0}, {"a b", 100}, {"ß", 100}, {"\x1b[31m", 100}} {
		if got := large(tt.code, tt.columns); got != "" {
			t.Errorf("%q in %d columns is shown:\n%s", tt.code, tt.columns, got)
		}
	}
}

func TestLargeLettersAreTold(t *testing.T) {
	seen := map[[5]byte]rune{}
	for r, glyph := range glyphs {
		if other, ok := seen[glyph]; ok {
			t.Errorf("%c looks like %c", r, other)
		}
		seen[glyph] = r
	}
	if len(glyphs) != 37 {
		t.Errorf("%d letters", len(glyphs))
	}
}
