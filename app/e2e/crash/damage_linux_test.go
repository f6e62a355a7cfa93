package crash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/tokens"
)

// TestDamagedNoteBringsNothingBack: the user gave the grant up while the keychain
// was locked, so its record is still there when the next agent starts, and the note
// of it cannot be read, or could be anybody's.
func TestDamagedNoteBringsNothingBack(t *testing.T) {
	if !apart(t) {
		return
	}
	outer, d := t, newDesk(t)
	file := filepath.Join(d.paths.State, "notes", "work.json")
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
			d.giveUpLocked(file)
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
			if _, _, err := d.record("work"); err != nil {
				t.Errorf("erased, though nobody can tell what the note covers: %v", err)
			}
			d.says(3, "reconnect required", "authtray connect work")
			if n := d.provider.TokenHits() - hits; n != 0 {
				t.Errorf("%d requests with a grant that was given up", n)
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

// giveUpLocked disconnects "work" while the keychain is locked, by an agent that
// has not seen the record, and ends the agent.
func (d *desk) giveUpLocked(note string) {
	d.t.Helper()
	d.awaitWritten("work")
	d.kill()
	d.keyring.Lock()
	d.victim("")
	d.await("work", tokens.KeychainLocked)
	d.does("disconnect", "work")
	eventually(d.t, "the note is written", func() bool { _, err := os.Stat(note); return err == nil })
	d.kill()
}

// saysOnce: status has a sentence of its own about it.
func (d *desk) saysOnce(words string) {
	d.t.Helper()
	if got := d.does("status", "work"); strings.Count(got.out, words) != 1 {
		d.t.Errorf("status says %q", got.out)
	}
}
