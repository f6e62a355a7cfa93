package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// midway is an agent that is killed in the middle of what is done once: a
// connection's beginning, its end by the user, and its end by the provider.
type midway struct{ *agent }

func newMidway(t *testing.T) midway {
	t.Helper()
	bus := storetest.StartBus(t)
	bus.StartKeyring(password)
	m := midway{newAgent(t, bus, newProvider(t, server.Options{}), "midway")}
	m.victim("")
	return m
}

// each runs a test for plan 1, 2, 3 … of a kind, until it has survived one:
// there is no such call.
func (m midway) each(kind string, test func(k int) (killed bool)) {
	m.t.Helper()
	for k := 1; ; k++ {
		if !test(k) {
			if k == 1 {
				m.t.Errorf("%s: nobody was killed: this shows nothing", kind)
			}
			m.t.Logf("killed %s each of %d calls", kind, k-1)
			return
		}
		if k > 100 || m.t.Failed() {
			m.t.Fatalf("killed %s call %d, and something is wrong", kind, k)
		}
	}
}

// under starts an agent with a plan, lets something be done, and says whether it
// died of it. It is gone afterwards.
func (m midway) under(plan string, do func()) (killed bool) {
	m.t.Helper()
	if m.cmd != nil {
		m.terminate()
	}
	begun := time.Now()
	m.victim(plan)
	name, _, _ := strings.Cut(plan, " ")
	m.read(name)
	do()
	eventually(m.t, plan+": it has died, or survived", func() bool {
		select {
		case <-m.ended:
			killed = true
			return true
		default:
			return len(m.marks("-", begun)) > 0 && m.marks("-", begun)[0].word == survives
		}
	})
	m.kill()
	return killed
}

// read waits until the connection's record has been read.
func (m midway) read(name string) (st tokens.Status) {
	m.t.Helper()
	eventually(m.t, name+" has been read", func() bool {
		var err error
		st, err = m.status(name)
		return err == nil && st.State != tokens.KeychainLocked && (st.State != tokens.Disconnected || m.gone(name))
	})
	return st
}

// gone: the keychain has no record, for certain.
func (m midway) gone(name string) bool {
	_, err := m.items.Get(storetest.Context(m.t), name)
	return errors.Is(err, store.ErrAbsent)
}

// tryConnect signs in, as far as the agent lives, and says whether the user was
// told that it worked.
func (m midway) tryConnect(name string) (told bool) {
	m.t.Helper()
	var at api.Attempt
	m.must(http.MethodPost, "/connections/"+name+"/connect", map[string]any{"mode": "url"}, &at)
	redirect, err := practicetest.Consent(context.Background(), at.URL, "ada")
	if err != nil {
		m.t.Fatal(err)
	}
	resp, err := http.Get(redirect)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	return err == nil && strings.Contains(string(page), "connected to")
}

// TestKilledWhileConnectingNothingIsHalfConnected: before each call of a new
// grant's first write. Whoever was told "connected" is; what was not kept is not
// there at all; a connection that had a grant before has one; and a note that an
// older one was given up, which cannot be read, does not cover the new one.
func TestKilledWhileConnectingNothingIsHalfConnected(t *testing.T) {
	if !apart(t) {
		return
	}
	m := newMidway(t)
	for _, kind := range []struct {
		before string
		large  bool
	}{{"new", false}, {"new", true}, {"connected", true}, {"over", false}} {
		m.each(fmt.Sprintf("before, large %t, %s,", kind.large, kind.before), func(k int) bool {
			name := fmt.Sprintf("%s-%t-%d", kind.before, kind.large, k)
			m.add(name, sealsFor(kind.large)...)
			switch kind.before {
			case "connected":
				m.connect(name)
			case "over": // of which nobody knows which grant it was
				os.MkdirAll(filepath.Dir(m.note(name)), 0o700)
				if err := os.WriteFile(m.note(name), []byte("{"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return m.connecting(name, kind.before, k)
		})
	}
}

func (m midway) note(name string) string {
	return filepath.Join(m.paths.State, "notes", name+".json")
}

// connecting kills an agent before the k-th call of its first write.
func (m midway) connecting(name, before string, k int) (killed bool) {
	m.t.Helper()
	told := false
	killed = m.under(fmt.Sprintf("%s before %d", name, k), func() { told = m.tryConnect(name) })
	_, _, err := m.record(name)
	if err != nil && !errors.Is(err, store.ErrAbsent) {
		m.t.Errorf("%s: the keychain has neither the grant nor none: %v", name, err)
	}
	if (told || before == "connected" || !killed) && err != nil {
		m.t.Errorf("%s: told connected %t, and: %v", name, told, err)
	}
	m.victim("")
	want, most := tokens.Connected, 0
	if err != nil {
		want = tokens.Disconnected
	}
	if before == "over" { // that the note cannot be read
		most = 1
	}
	m.await(name, want)
	if want != tokens.Connected {
		m.connect(name)
	}
	m.refresh(name)
	m.awaitWritten(name)
	if n := m.diary().told(name); n > most {
		m.t.Errorf("%s: %d deaths told, %d at most", name, n, most)
	}
	return killed
}

// TestDisconnectedWithNothingInItStaysSo: there was no grant to be given up.
func TestDisconnectedWithNothingInItStaysSo(t *testing.T) {
	if !apart(t) {
		return
	}
	m := newMidway(t)
	m.add("work", sealsFor(false)...)
	m.must(http.MethodDelete, "/connections/work/grant", nil, nil)
	m.terminate()
	m.victim("")
	m.staysDisconnected("work", "")
}

// TestKilledWhileDisconnectingTheGrantStaysAway: before each call of the end's
// writing and erasing. A process that was killed before the end was written has told
// nobody that it is disconnected.
func TestKilledWhileDisconnectingTheGrantStaysAway(t *testing.T) {
	if !apart(t) {
		return
	}
	m := newMidway(t)
	for _, large := range []bool{false, true} {
		m.each(fmt.Sprintf("before, large %t,", large), func(k int) bool {
			name := fmt.Sprintf("d%t-%d", large, k)
			m.add(name, sealsFor(large)...)
			grant := m.connected(name)
			told := false
			killed := m.under(fmt.Sprintf("%s erase-before %d", name, k), func() {
				r, err := m.call(http.MethodDelete, "/connections/"+name+"/grant", nil)
				told = err == nil && r.status < 300
			})
			m.victim("")
			if st := m.read(name); st.State == tokens.Connected {
				if told {
					t.Errorf("%s: disconnected, and is connected", name)
				}
				m.must(http.MethodDelete, "/connections/"+name+"/grant", nil, nil)
			}
			m.staysDisconnected(name, grant)
			return killed
		})
	}
}

// connected signs in, and is the grant that the keychain has.
func (m midway) connected(name string) (grant string) {
	m.t.Helper()
	m.connect(name)
	_, i, err := m.record(name)
	if err != nil {
		m.t.Fatal(err)
	}
	return i.grant
}

// revoked: the provider has ended the grant, or there never was one.
func (m midway) revoked(grant string) bool {
	for _, g := range m.provider.Grants() {
		if g.ID == grant {
			return g.Ended != ""
		}
	}
	return true
}

// staysDisconnected: the grant is revoked and the record erased, there is no
// token, and the next sign-in works.
func (m midway) staysDisconnected(name, grant string) {
	m.t.Helper()
	m.await(name, tokens.Disconnected)
	eventually(m.t, name+" is revoked", func() bool { return m.revoked(grant) })
	eventually(m.t, name+" is erased", func() bool { return m.gone(name) })
	if r, err := m.call(http.MethodGet, "/connections/"+name+"/token", nil); err != nil || r.status == http.StatusOK {
		m.t.Errorf("%s: a token after disconnecting: %d %v", name, r.status, err)
	}
	if n := m.diary().told(name); n != 0 {
		m.t.Errorf("%s: %d deaths told", name, n)
	}
	m.connect(name)
	m.awaitWritten(name)
}

// TestKilledAtAnyMomentOfDisconnecting: the answer that the user had is true.
// Where there was none the connection is as it was, or disconnected.
func TestKilledAtAnyMomentOfDisconnecting(t *testing.T) {
	if !apart(t) {
		return
	}
	m := newMidway(t)
	const moments = 12
	disconnected := 0
	for k := range moments {
		name := fmt.Sprintf("m-%d", k)
		m.add(name, sealsFor(true)...)
		grant := m.connected(name)
		told := make(chan bool, 1)
		go func() {
			r, err := m.call(http.MethodDelete, "/connections/"+name+"/grant", nil)
			told <- err == nil && r.status < 300
		}()
		time.Sleep(time.Duration(k*k) * 500 * time.Microsecond)
		m.kill()
		over := <-told
		m.victim("")
		switch st := m.read(name); {
		case st.State == tokens.Disconnected:
			m.staysDisconnected(name, grant)
			disconnected++
		case over:
			t.Errorf("after %d: disconnected, and is %s", k, st.State)
		default:
			m.refresh(name)
			m.awaitWritten(name)
		}
	}
	t.Logf("%d of %d were disconnected", disconnected, moments)
}

// TestKilledWhileItCondemnsTheUserIsToldAndTheGrantStaysDead: between the
// provider's word and the end of everything that follows from it.
func TestKilledWhileItCondemnsTheUserIsToldAndTheGrantStaysDead(t *testing.T) {
	if !apart(t) {
		return
	}
	m := newMidway(t)
	for _, large := range []bool{false, true} {
		m.each(fmt.Sprintf("before, large %t,", large), func(k int) bool {
			return m.condemned(fmt.Sprintf("e%t-%d", large, k), large, fmt.Sprintf("erase-before %d", k), 2)
		})
	}
	for plan, most := range map[string]int{"step answered": 1, "tell-before 1": 1, "tell-after 1": 2} {
		if !m.condemned(strings.ReplaceAll(plan, " ", "-"), false, plan, most) {
			t.Errorf("%s: nobody was killed: this shows nothing", plan)
		}
	}
}

// condemned kills an agent while it learns that a grant is dead. The user may
// be told most times of it, and must be told once.
func (m midway) condemned(name string, large bool, plan string, most int) (killed bool) {
	m.t.Helper()
	m.add(name, sealsFor(large)...)
	grant := m.connected(name)
	killed = m.under(name+" "+plan, func() {
		m.provider.RevokeGrant(grant)
		m.refresh(name)
	})
	dead, hits := m.dead(name), m.provider.Hits(grant)
	m.victim("")
	if !dead {
		m.read(name)
		m.refresh(name) // nobody has asked the provider yet, as far as this one knows
	}
	st := m.await(name, tokens.ReconnectRequired)
	if st.Reason != tokens.ReasonRevoked {
		m.t.Errorf("%s: reason %s", name, st.Reason)
	}
	eventually(m.t, name+"'s tokens are gone", func() bool { return m.dead(name) })
	eventually(m.t, name+"'s death is told", func() bool { return m.diary().told(name) > 0 })
	m.terminate()
	m.victim("")
	m.await(name, tokens.ReconnectRequired)
	if n := m.provider.Hits(grant) - hits; dead && n != 0 {
		m.t.Errorf("%s: %d requests with a dead grant", name, n)
	}
	m.connect(name)
	m.awaitWritten(name)
	if n := m.diary().told(name); n > most {
		m.t.Errorf("%s: told %d times", name, n)
	}
	return killed
}
