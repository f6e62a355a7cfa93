package text

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

func TestEscapeJSONLeavesNothingThatATerminalObeys(t *testing.T) {
	for name, s := range map[string]string{
		"C1 CSI": "\u009b31m", "DEL": "\x7f", "override": "\u202e", "isolate": "\u2066", "mark": "\u200f", "zero width": "\u200b\ufeff",
		"tags": "\U000e0041", "soft hyphen": "\u00ad", "separators": "\u2028\u2029", "C0": "\x1b]0;x\a\r\n", "plain": "Zoë <b> & 東京 🙂 €",
	} {
		t.Run(name, func(t *testing.T) {
			plain, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			out := EscapeJSON(plain)
			if strings.ContainsFunc(string(out), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("it holds %+q", out)
			}
			var back string
			if err := json.Unmarshal(out, &back); err != nil || back != s {
				t.Errorf("read back it is %+q, %v", back, err)
			}
		})
	}
}
