package agent

import (
	"context"
	"testing"

	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/tokens"
)

// askingNotes are notes that can ask; the test answers.
type askingNotes struct {
	*notes
	asked   chan notify.Question
	answers chan string
	gone    chan bool
}

func (n askingNotes) Ask(ctx context.Context, q notify.Question) (string, error) {
	n.asked <- q
	select {
	case answer := <-n.answers:
		if answer == "cannot" {
			return "", notify.ErrCannotAsk
		}
		return answer, nil
	case <-ctx.Done():
		n.gone <- true
		return "", ctx.Err()
	}
}

func TestLockedKeychainIsToldOnceWithAButton(t *testing.T) {
	locked := &tokens.Error{Code: tokens.CodeKeychainLocked, Reason: tokens.ReasonKeychainLocked}
	work := func(state tokens.State) []tokens.Status { return []tokens.Status{{Name: "work", State: state}} }
	n := askingNotes{newNotes(), make(chan notify.Question, 9), make(chan string), make(chan bool, 9)}
	unlocked := make(chan bool, 9)
	u := &unlockNotice{notify: n, unlock: func() { unlocked <- true }, ended: t.Context()}

	u.refused(nil)
	u.refused(&tokens.Error{Code: tokens.CodeReconnectRequired})
	u.refused(&tokens.Error{Code: tokens.CodeKeychainLocked, Reason: tokens.ReasonKeychainUnavailable})
	u.refused(locked)
	u.refused(locked)
	if q := <-n.asked; !q.Quiet || len(q.Answers) != 1 || q.Answers[0].Label != "Unlock" {
		t.Errorf("asked %+v", q)
	}
	n.answers <- "unlock"
	<-unlocked
	u.follow(work(tokens.KeychainLocked))
	u.refused(locked)
	u.follow(work(tokens.Connected))

	u.refused(locked) // it was locked again
	<-n.asked
	u.follow(work(tokens.Connected)) // by another program
	<-n.gone

	u.refused(locked)
	<-n.asked
	n.answers <- "cannot"
	for !n.banner(aboutLocked) {
	}
	u.follow(work(tokens.Connected))
	if n.banner(aboutLocked) {
		t.Error("the banner stays when the keychain is open")
	}
	if len(n.asked) > 0 || len(unlocked) > 0 {
		t.Error("asked or unlocked once too often")
	}
}
