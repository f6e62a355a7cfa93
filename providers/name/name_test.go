package name

import (
	"regexp"
	"strings"
	"testing"
)

var rule = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}\z`)

func TestValid(t *testing.T) {
	for s, want := range map[string]bool{
		"work": true, "a": true, "9.x_y-z": true, "0": true, strings.Repeat("a", 64): true, "console": true, "com0": true, "com10": true, "lpt": true, "con-1": true,
		"": false, "Work": false, "-x": false, ".x": false, "_x": false, "a b": false, "ü": false, "a/b": false, "../x": false, `a\b`: false, "a\n": false, "a\x00": false,
		strings.Repeat("a", 65): false, "con": false, "nul.toml": false, "aux.": false, "prn": false, "com1": false, "lpt9.x": false,
	} {
		t.Run(s, func(t *testing.T) {
			if got := Valid(s); got != want {
				t.Errorf("Valid is %v", got)
			}
		})
	}
}

func FuzzValidIsTheRule(f *testing.F) {
	f.Add("work")
	f.Add("con.x")
	f.Fuzz(func(t *testing.T, s string) {
		if want := rule.MatchString(s) && !Reserved(s); Valid(s) != want {
			t.Errorf("Valid(%q) is not %v", s, want)
		}
	})
}
