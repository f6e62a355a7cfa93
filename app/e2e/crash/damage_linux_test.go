package crash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/tokens"
)

// TestDamagedVerdictBringsNothingDeadBack: the grant died while the keychain was
// locked, so its record is still there when the next agent starts, and the note
// that it is dead cannot be read, or could be anybody's.
func TestDamagedVerdictBringsNothingDeadBack(t *testing.T) {
	if !apart(t) {
		return
	}
	outer, d := t, newDesk(t)
	file := filepath.Join(d.paths.State, "verdicts", "work.json")
	for what, damage := range map[string]func() error{
		"cut":        func() error { return os.WriteFile(file, []byte("{"), 0o600) },
		"of 0 bytes": func() error { return os.WriteFile(file, nil, 0o600) },
		"empty":      func() error { return os.WriteFile(file, []byte("{}"), 0o600) },
		"anybody's":  func() error { return os.Chmod(file, 0o666) },
		"in a folder of a group's": func() error {
			return os.Chmod(filepath.Dir(file), 0o770)
		},
		"a link to nothing": func() error { return os.Rename(file, file+".moved") },
	} {
		t.Run(what, func(t *testing.T) {
			d.t = t
			t.Cleanup(func() { d.t = outer })
			d.dieLocked(file)
			if err := damage(); err != nil {
				t.Fatal(err)
			}
			if what == "a link to nothing" {
				if err := os.Symlink(file+".gone", file); err != nil {
					t.Fatal(err)
				}
			}
			hits := d.provider.TokenHits()
			d.keyring.Unlock(password)
			if _, _, err := d.record("work"); err != nil {
				t.Fatalf("there is nothing to bring back: this shows nothing: %v", err)
			}
			d.victim("")
			if st := d.await("work", tokens.ReconnectRequired); st.Reason != tokens.ReasonNoteDamaged {
				t.Errorf("reason %s", st.Reason)
			}
			d.says(3, "reconnect required", "authtray connect work")
			d.saysOnce("cannot be read")
			d.erased()
			d.says(3, "reconnect required", "authtray connect work")
			if n := d.provider.TokenHits() - hits; n != 0 {
				t.Errorf("%d requests with a dead grant", n)
			}
			os.Chmod(filepath.Dir(file), 0o700)
			d.connect("work")
			d.recovers()
			d.terminate()
			d.victim("")
			d.recovers()
		})
	}
}

// dieLocked has the grant of "work" die while the keychain is locked, and ends
// the agent.
func (d *desk) dieLocked(verdict string) {
	d.t.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	d.provider.kit.Script(faultkit.HoldBefore(held, release))
	go d.refresh("work")
	<-held
	d.keyring.Lock()
	d.provider.Revoke("ada")
	close(release)
	d.await("work", tokens.ReconnectRequired)
	eventually(d.t, "the verdict is written", func() bool { _, err := os.Stat(verdict); return err == nil })
	d.kill()
}

// saysOnce: status has a sentence of its own about it.
func (d *desk) saysOnce(words string) {
	d.t.Helper()
	if got := d.does("status", "work"); strings.Count(got.out, words) != 1 {
		d.t.Errorf("status says %q", got.out)
	}
}
