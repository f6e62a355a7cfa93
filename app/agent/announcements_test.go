package agent

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens"
)

// statuses are connections whose states the test sets.
type statuses struct {
	mu  sync.Mutex
	all []tokens.Status
}

func (s *statuses) set(all ...tokens.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = all
}

func (s *statuses) List() []tokens.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

func (s *statuses) Status(name string) (tokens.Status, error) {
	for _, st := range s.List() {
		if st.Name == name {
			return st, nil
		}
	}
	return tokens.Status{}, &tokens.Error{Code: tokens.CodeUnknownConnection}
}

func (s *statuses) Announced(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.all {
		if s.all[i].Name == name {
			s.all[i].Announce = false
		}
	}
}

// seenTray remembers what it was shown last.
type seenTray struct {
	noTray
	shown []tokens.Status
}

func (t *seenTray) Show(all []tokens.Status) { t.shown = all }

// promptNotes are notes that are shown before ReconnectRequired returns.
type promptNotes struct{ *notes }

func (n promptNotes) ReconnectRequired(st tokens.Status, again func()) {
	n.mu.Lock()
	n.deaths++
	n.up[st.Name] = again
	n.mu.Unlock()
	n.shown(st)
}

func newTestAnnouncements(m statusHolder, tray Tray, n Notifier) *announcements {
	a := newAnnouncements(m, tray, n)
	a.reminders = func() bool { return false }
	a.sharedWarning = func(tokens.Status) string { return "" }
	return a
}

func TestAnnouncementsTellADeathOnceAndWithdrawItWhenItIsOver(t *testing.T) {
	m, n, tray := &statuses{}, newNotes(), &seenTray{}
	a := newTestAnnouncements(m, tray, promptNotes{n})
	reconnected := ""
	a.reconnect = func(name string) { reconnected = name }
	dead := tokens.Status{Name: "work", State: tokens.ReconnectRequired, Detail: "Revoked.", Announce: true}
	m.set(dead)
	a.announceAll()
	a.announceAll()
	deaths, again := n.state("work")
	if deaths != 1 || again == nil {
		t.Fatalf("announced %d times", deaths)
	}
	if again(); reconnected != "work" {
		t.Errorf("the button reconnects %q", reconnected)
	}
	if len(tray.shown) != 1 {
		t.Errorf("the tray shows %+v", tray.shown)
	}
	if st, _ := m.Status("work"); st.Announce {
		t.Error("what was announced is not marked")
	}
	m.set(tokens.Status{Name: "work", State: tokens.Connecting})
	a.announceAll()
	if _, up := n.state("work"); up == nil {
		t.Error("withdrawn while a sign-in is pending")
	}
	m.set(tokens.Status{Name: "work", State: tokens.Connected})
	a.announceAll()
	if _, up := n.state("work"); up != nil {
		t.Error("not withdrawn")
	}
	m.set(dead)
	a.announceAll()
	if deaths, _ := n.state("work"); deaths != 2 {
		t.Errorf("another death: %d announcements", deaths)
	}
}

func TestAnnouncementsWithdrawADeathOfARemovedConnection(t *testing.T) {
	m, n := &statuses{}, newNotes()
	a := newTestAnnouncements(m, noTray{}, n)
	var all []tokens.Status
	for i := range 100 {
		all = append(all, tokens.Status{Name: fmt.Sprint("c", i), State: tokens.ReconnectRequired, Detail: "Revoked.", Announce: true})
	}
	m.set(all...)
	a.announceAll()
	m.set(all[0])
	a.announceAll()
	for i, st := range all {
		if _, up := n.state(st.Name); (up != nil) != (i == 0) {
			t.Errorf("%s is announced: %t", st.Name, up != nil)
		}
	}
}

func TestAnnouncementsWaitForANotifierThatConfirms(t *testing.T) {
	m, n := &statuses{}, newNotes()
	a := newTestAnnouncements(m, noTray{}, n)
	shown := n.shown
	n.shown = func(tokens.Status) {} // nothing can be seen
	dead := tokens.Status{Name: "work", State: tokens.ReconnectRequired, Detail: "Revoked.", Announce: true}
	m.set(dead)
	a.announceAll()
	if st, _ := m.Status("work"); !st.Announce {
		t.Error("marked as announced before it could be seen")
	}
	shown(dead)
	if st, _ := m.Status("work"); st.Announce {
		t.Error("not marked as announced when it could be seen")
	}
}

func TestAnnouncementsWithoutANotifierMarkNoDeath(t *testing.T) {
	m := &statuses{}
	a := newTestAnnouncements(m, noTray{}, noNotifier{})
	m.set(tokens.Status{Name: "work", State: tokens.ReconnectRequired, Announce: true})
	a.announceAll()
	if st, _ := m.Status("work"); !st.Announce {
		t.Error("marked as announced, and nobody could see it")
	}
}

func TestAnnouncementsWarnOncePerBeginning(t *testing.T) {
	m, n := &statuses{}, newNotes()
	a := newTestAnnouncements(m, noTray{}, n)
	soon := time.Now()
	for range 2 {
		m.set(tokens.Status{Name: "work", Account: "ada", State: tokens.Connected, ProviderName: "Example", EndsSoon: true, EndsAt: &soon, Unsaved: true, Detail: "Not saved."})
		a.announceAll()
		a.announceAll()
		m.set(tokens.Status{Name: "work", State: tokens.Connected})
		a.announceAll()
	}
	text := n.text()
	if strings.Count(text, "The token of work (ada) is not saved yet: Not saved.") != 2 || strings.Count(text, "The sign-in of work (ada) ends soon: Your sign-in at Example ends on") != 2 {
		t.Errorf("told:\n%s", text)
	}
}

func TestAnnouncementsTakeBackWhatIsNotSoAnyMore(t *testing.T) {
	work := func(state tokens.State) tokens.Status { return tokens.Status{Name: "work", State: state} }
	for _, c := range []struct {
		name, about string
		from, to    []tokens.Status
		stays       bool
	}{
		{"a sign-in that failed, when another begins", "work", []tokens.Status{work(tokens.Disconnected)}, []tokens.Status{work(tokens.Connecting)}, false},
		{"a sign-in that failed, when another ends well", "work", []tokens.Status{work(tokens.Connecting)}, []tokens.Status{work(tokens.Connected)}, false},
		{"what failed, while it is as it was", "work", []tokens.Status{work(tokens.Connected)}, []tokens.Status{work(tokens.Connected)}, true},
		{"what failed, when the grant dies", "work", []tokens.Status{work(tokens.Connected)}, []tokens.Status{work(tokens.ReconnectRequired)}, true},
		{"a policy, when it allows again", "work" + aboutPolicy, []tokens.Status{work(tokens.Retrying)}, []tokens.Status{work(tokens.Connected)}, false},
		{"another account, while it is that", "work" + aboutAccount, []tokens.Status{work(tokens.Connecting)}, []tokens.Status{work(tokens.Connected)}, true},
		{"another account, when it is signed in again", "work" + aboutAccount, []tokens.Status{work(tokens.Connected)}, []tokens.Status{work(tokens.Connecting)}, false},
		{"anything, when it is removed", "work" + aboutFile, []tokens.Status{work(tokens.Connected)}, nil, false},
		{"a warning, while it is true", "work unsaved", nil, []tokens.Status{{Name: "work", Unsaved: true, Detail: "Not saved."}}, true},
		{"a warning, when it is over", "work unsaved", []tokens.Status{{Name: "work", Unsaved: true, Detail: "Not saved."}}, []tokens.Status{work(tokens.Connected)}, false},
		{"the welcome, when there is a connection", aboutWelcome, nil, []tokens.Status{work(tokens.Disconnected)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, n := &statuses{}, newNotes()
			a := newTestAnnouncements(m, &seenTray{}, n)
			m.set(c.from...)
			a.announceAll()
			n.Warn(c.about, "something", "")
			m.set(c.to...)
			a.announceAll()
			if n.banner(c.about) != c.stays {
				t.Errorf("the banner is there: %v", !c.stays)
			}
		})
	}
}

// TestTrayKnowsWhoseADeadConnectionIs: the grant that named the account is gone.
func TestTrayKnowsWhoseADeadConnectionIs(t *testing.T) {
	tray := &seenTray{}
	m := &statuses{}
	m.set(tokens.Status{Name: "gh", Provider: "github", State: tokens.ReconnectRequired})
	a := newTestAnnouncements(m, tray, newNotes())
	a.account = func(st tokens.Status) string { return "owner of " + st.Name }
	a.announceAll()
	if len(tray.shown) != 1 || tray.shown[0].Account != "owner of gh" {
		t.Errorf("the tray is shown %+v", tray.shown)
	}
}
