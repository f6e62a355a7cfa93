package notify

import (
	"context"
	"errors"
	"slices"
	"strconv"
)

// Question is asked in a notification that stays until it is answered. Title
// and Body may hold foreign text.
type Question struct {
	Title, Body string
	Answers     []Answer
	Quiet       bool // it can wait: where notifications go by, it waits in a list

	// About is the connection that it is about, English its title in English: such a
	// question is among Questions while it is asked. "" for one that what shows the
	// connections asks anyway.
	About, English string
	ID             string // for Answer; Ask gives it
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
	defer n.post(event{kind: unasked, asking: a})
	select {
	case got := <-a.answer:
		return got.key, got.err
	case <-ctx.Done():
		return "", ctx.Err()
	case <-n.done:
		return "", ErrCannotAsk
	}
}

// Questions are those about a connection that wait for their answer, the oldest first:
// a notification may be kept back by the desktop, gone by, or show no buttons.
func (n *Notifier) Questions() (list []Question) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range n.asking {
		if a.About != "" {
			list = append(list, a.Question)
		}
	}
	return list
}

// Answer answers one of Questions with the key of one of its answers, in place of its
// notification. It is for what the user clicks alone: a program that asks for a token
// must not be able to say yes to itself.
func (n *Notifier) Answer(id, key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range n.asking {
		if a.ID == id && a.offers(key) {
			a.reply(key, nil)
		}
	}
}

// OnAsked says who is told that Questions of a connection have changed. f is called as
// that of OnShown. Call it before the first Ask.
func (n *Notifier) OnAsked(f func(connection string)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.onAsked = f
}

// question shows one, or takes it off the screen.
func (r *runner) question(e event) {
	a, waits := e.asking, false
	if e.kind == asked {
		waits = r.desk.ask(a)
	} else {
		r.desk.unask(a)
	}
	r.mu.Lock()
	at := slices.Index(r.asking, a)
	switch {
	case waits:
		r.marks++
		a.ID = strconv.FormatUint(r.marks, 10)
		r.asking = append(r.asking, a)
	case at >= 0:
		r.asking = slices.Delete(r.asking, at, at+1)
	}
	tell := r.onAsked
	r.mu.Unlock()
	if (waits || at >= 0) && a.About != "" && tell != nil {
		tell(a.About)
	}
}

func (r *runner) withdrawQuestions() {
	r.mu.Lock()
	asking := slices.Clone(r.asking)
	r.mu.Unlock()
	for _, a := range asking {
		r.desk.unask(a)
	}
}

func (a *asking) offers(key string) bool {
	return slices.ContainsFunc(a.Answers, func(b Answer) bool { return b.Key == key })
}
