package agent

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/desktop/tray"
	"github.com/authtray/authtray/tokens"
)

// questionScreen is a desktop with questions, and the user before it.
type questionScreen struct {
	*notes
	answers chan string

	mu      sync.Mutex
	asked   []notify.Question
	up      int
	onAsked func(string)
}

func (s *questionScreen) Ask(ctx context.Context, q notify.Question) (string, error) {
	s.mu.Lock()
	s.asked = append(s.asked, q)
	s.up++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.up--
		s.mu.Unlock()
	}()
	select {
	case key := <-s.answers:
		return key, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// count is how many questions were asked, and how many are on the screen.
func (s *questionScreen) count() (asked, up int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked), s.up
}

// newConsentWorld has a connection that is not connected, and a browser that signs
// in as ada.
func newConsentWorld(t *testing.T) (*world, *questionScreen) {
	s := &questionScreen{answers: make(chan string)}
	var w *world
	w = newWorld(t, func(o *Options) {
		s.notes = o.Notify.(*notes)
		o.Notify = s
		o.Open = func(_ context.Context, at string) error {
			w.browsers.Go(func() { w.consent(api.Attempt{URL: at}, "ada") })
			return nil
		}
	})
	w.add("work")
	return w, s
}

// askFor asks as a bridge does, and gives the answer once the user has given it.
func (w *world) askFor(scopes ...string) <-chan reply {
	answer := make(chan reply, 1)
	go func() {
		answer <- w.call("POST", "/connections/work/connect?wait=true", map[string]any{"mode": "ask", "for": "claude-code", "scopes": scopes})
	}()
	return answer
}

// Questions are those that are on the screen.
func (s *questionScreen) Questions() []notify.Question {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[len(s.asked)-s.up:]
}

func (s *questionScreen) OnAsked(f func(string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAsked = f
}

func (s *questionScreen) Answer(id, key string) { s.answers <- id + " " + key }

func TestConnectionTellsWhatTheUserIsAskedAboutIt(t *testing.T) {
	w, s := newConsentWorld(t)
	w.add("play")
	changes := w.agent.Subscribe()
	defer changes.Stop()
	asked := make(chan reply, 1)
	go func() {
		asked <- w.call("POST", "/connections/work/connect?wait=true", map[string]any{"mode": "ask", "tool": "delete_page"})
	}()
	eventually(t, "the user is asked", func() bool { _, up := s.count(); return up == 1 })
	if c := w.call("GET", "/connections/work", nil).connection(); c.Question != "Allow delete_page on work?" {
		t.Errorf("asked %q", c.Question)
	}
	if c := w.call("GET", "/connections/play", nil).connection(); c.Question != "" {
		t.Errorf("the other one tells %q", c.Question)
	}
	s.onAsked("work")
	if names, err := changes.Wait(t.Context()); err != nil || !slices.Contains(names, "work") {
		t.Errorf("nobody who follows is told: %q, %v", names, err)
	}
	s.answers <- "deny"
	(<-asked).problem(tokens.CodeNotAllowed, 403)
	if c := w.call("GET", "/connections/work", nil).connection(); c.Question != "" {
		t.Errorf("it tells %q still", c.Question)
	}
}

func TestMenuAsksWhatNotificationsAsk(t *testing.T) {
	s := &questionScreen{notes: newNotes(), answers: make(chan string, 1), up: 1,
		asked: []notify.Question{{ID: "7", Title: "title", Body: "body", About: "work", Answers: []notify.Answer{{Key: "once", Label: "Allow once"}}}}}
	got := questionsOf(s)
	if len(got) != 1 || got[0].ID != "7" || got[0].Title != "title" || got[0].Body != "body" || got[0].Answers[0] != (tray.Choice{Key: "once", Label: "Allow once"}) {
		t.Errorf("%+v", got)
	}
	menu{clicks: &clicks{notify: s}}.Answer("7", "once")
	if answered := <-s.answers; answered != "7 once" {
		t.Errorf("answered %q", answered)
	}
}

func TestAskOpensTheBrowserUponAYes(t *testing.T) {
	w, s := newConsentWorld(t)
	first, second := w.askFor(), w.askFor()
	eventually(t, "the user is asked", func() bool { _, up := s.count(); return up == 1 })
	s.answers <- "allow"
	if c := (<-first).connection(); c.State != tokens.Connected {
		t.Errorf("the state is %s", c.State)
	}
	if c := (<-second).connection(); c.State != tokens.Connected {
		t.Errorf("the second caller's state is %s", c.State)
	}
	if asked, _ := s.count(); asked != 1 {
		t.Errorf("%d questions", asked)
	}
	if q := s.asked[0]; !strings.Contains(q.Body, "claude-code") || !strings.Contains(q.Title, "work") {
		t.Errorf("%+v", q)
	}
	(<-w.askFor()).ok() // there is nothing to ask
	if asked, _ := s.count(); asked != 1 {
		t.Errorf("%d questions though it is connected", asked)
	}
}

func TestAskAfterANoAsksNobodyForTenMinutes(t *testing.T) {
	w, s := newConsentWorld(t)
	first := w.askFor()
	s.answers <- "later"
	(<-first).problem(tokens.CodeNotAllowed, 403)
	(<-w.askFor()).problem(tokens.CodeNotAllowed, 403)
	w.clock.pass(consentPeace)
	later := w.askFor()
	s.answers <- "allow"
	(<-later).ok()
	if asked, _ := s.count(); asked != 2 {
		t.Errorf("%d questions", asked)
	}
}

func TestAskIsTakenBackWhenTheUserConnectsOtherwise(t *testing.T) {
	w, s := newConsentWorld(t)
	answer := w.askFor()
	eventually(t, "the user is asked", func() bool { _, up := s.count(); return up == 1 })
	w.connect("work", "ada")
	(<-answer).ok()
	if _, up := s.count(); up != 0 {
		t.Error("the question is still there")
	}
}

func TestAskForScopesNamesThemAndRefusesWhatIsNone(t *testing.T) {
	w, s := newConsentWorld(t)
	w.connect("work", "ada")
	answer := w.askFor("write:things")
	eventually(t, "the user is asked", func() bool { _, up := s.count(); return up == 1 })
	if q := s.asked[0]; q.Title != "work (ada) wants: write:things" || q.Answers[0].Label != "Allow" {
		t.Errorf("%+v", q)
	}
	s.answers <- ""
	(<-answer).problem(tokens.CodeNotAllowed, 403)
	(<-w.askFor("two\x1bscopes")).problem(tokens.CodeBadRequest, 400)
}

func TestAskWithoutADesktopThatCanAskSaysSoInABanner(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	(<-w.askFor()).problem(tokens.CodeNotAllowed, 403)
	if told := w.notes.text(); !strings.Contains(told, "authtray connect work") {
		t.Errorf("the user was told %q", told)
	}
}

func TestAskForAToolAsksBeforeEachCallAndSignsInToNothing(t *testing.T) {
	w, s := newConsentWorld(t)
	for _, c := range []struct{ answer, want string }{{"allow", ""}, {"deny", "not_allowed"}, {"", "not_allowed"}, {"allow", ""}} {
		answered := make(chan reply, 1)
		go func() {
			answered <- w.call("POST", "/connections/work/connect?wait=true", map[string]any{"mode": "ask", "for": "claude-code", "tool": "delete_page"})
		}()
		s.answers <- c.answer
		if r := <-answered; c.want == "" {
			if now := r.connection(); now.State != tokens.Disconnected {
				t.Errorf("the connection is %s", now.State)
			}
		} else {
			r.problem(tokens.CodeNotAllowed, 403)
		}
	}
	if asked, _ := s.count(); asked != 4 || s.asked[0].Title != "Allow delete_page on work?" {
		t.Errorf("%d questions, %+v", asked, s.asked[0])
	}
}
