package notify

import (
	"context"
	"errors"
)

// Question is asked in a notification that stays until it is answered. Title
// and Body may hold foreign text.
type Question struct {
	Title, Body string
	Answers     []Answer
	Quiet       bool // it can wait: where notifications go by, it waits in a list
}

// Answer is one button.
type Answer struct{ Key, Label string }

// ErrCannotAsk: no notification with buttons can be shown here, or the server
// that showed it went away.
var ErrCannotAsk = errors.New("no notification with buttons can be shown")

// asking is a question on its way to the screen and back.
type asking struct {
	Question
	answer chan answer // capacity 1: the first one counts
}

type answer struct {
	key string
	err error
}

func (a *asking) reply(key string, err error) {
	select {
	case a.answer <- answer{key, err}:
	default:
	}
}

// noQuestions is the part of a desk that cannot show several buttons.
type noQuestions struct{}

func (noQuestions) unask(*asking) {}
func (noQuestions) ask(a *asking) (later bool) {
	a.reply("", ErrCannotAsk)
	return false
}

// Ask shows a question, also where the settings ask for no notifications, and
// waits for its answer: the key of the button that was pressed, or "" where the
// notification was put away. ErrCannotAsk at once where it cannot be shown.
// When ctx ends it is taken off the screen.
func (n *Notifier) Ask(ctx context.Context, q Question) (string, error) {
	a := &asking{Question: q, answer: make(chan answer, 1)}
	n.post(event{kind: asked, asking: a})
	select {
	case got := <-a.answer:
		return got.key, got.err
	case <-ctx.Done():
		n.post(event{kind: unasked, asking: a})
		return "", ctx.Err()
	case <-n.done:
		return "", ErrCannotAsk
	}
}

func (r *runner) question(e event) {
	if e.kind == unasked {
		delete(r.asking, e.asking)
		r.desk.unask(e.asking)
		return
	}
	if r.desk.ask(e.asking) {
		r.asking[e.asking] = true
	}
}

func (r *runner) withdrawQuestions() {
	for a := range r.asking {
		r.desk.unask(a)
	}
}
