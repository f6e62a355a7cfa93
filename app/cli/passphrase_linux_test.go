package cli

import (
	"context"
	"strings"
	"testing"
)

// The first agent on a sealed file has its passphrase chosen, twice since nobody sees
// what is typed; the next ones ask once.
func TestPassphraseIsTypedUnseen(t *testing.T) {
	const (
		chosen = "correct horse"
		newOne = "The new passphrase of the file store (it is not shown): "
		again  = "The same passphrase of the file store again (it is not shown): "
	)
	for _, row := range []struct {
		name  string
		first bool
		types []string // question, answer
		want  string   // "": none, and why is said
		why   string
	}{
		{"chosen", true, []string{newOne, chosen, again, chosen}, chosen, ""},
		{"chosen with a mistake", true, []string{newOne, chosen, again, "corect horse"}, "", "the two passphrases are not the same"},
		{"asked for", false, []string{"The passphrase of the file store (it is not shown): ", chosen}, chosen, ""},
		{"given up", false, []string{"The passphrase of the file store (it is not shown): ", "\x03"}, "", "canceled"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got string
			var err error
			p := atTerminal(t, func(ctx context.Context, s *shell) int {
				got, err = s.passphrase(ctx, row.first)
				return 0
			})
			for i := 0; i < len(row.types); i += 2 {
				p.answers(row.types[i], row.types[i+1])
			}
			p.ends(0)
			switch {
			case row.want != "" && (err != nil || got != row.want):
				t.Errorf("the passphrase is %q, %v", got, err)
			case row.want == "" && (err == nil || !strings.Contains(err.Error(), row.why)):
				t.Errorf("the error is %v, want %q", err, row.why)
			}
			if strings.Contains(p.screen(), "horse") {
				t.Errorf("it can be seen:\n%s", p.screen())
			}
		})
	}
}
