package tray

import (
	"testing"
	"time"

	"github.com/authtray/authtray/tokens"
)

// F: a click on an answer is for the question that it stood below, or for none.
func TestAnAnswerIsForNoOtherQuestion(t *testing.T) {
	did := make(chan Do, 1)
	r := &renderer{perform: func(d Do) { did <- d }}
	draw := func(id, title string) {
		q := Question{ID: id, Title: title, Body: "It is a program.", Answers: []Choice{{Key: "once", Label: "Allow once"}, {Key: "deny", Label: "Deny"}}}
		r.draw(view{menu: Build([]tokens.Status{github(tokens.Connected)}, Surroundings{Now: now, Questions: []Question{q}})})
	}
	draw("1", "Allow git to read gh?")
	var allow chan struct{}
	for _, s := range r.slots {
		for _, b := range s.below {
			if b.do.Verb == Answer && b.do.Key == "once" {
				allow = b.item.ClickedCh
			}
		}
	}
	draw("2", "Allow /tmp/x to read gh?") // the first was withdrawn, another one came, before the menu was drawn
	select {
	case allow <- struct{}{}:
	case <-time.After(200 * time.Millisecond):
		return
	}
	select {
	case d := <-did:
		if d.Name != "1" {
			t.Errorf("a click meant for question 1 answers %s with %s", d.Name, d.Key)
		}
	case <-time.After(200 * time.Millisecond):
	}
}
