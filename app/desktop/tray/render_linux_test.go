package tray

import (
	"slices"
	"testing"

	"github.com/authtray/authtray/tokens"
)

// systray closes an entry's channel when the entry goes. A click that is being
// delivered at that moment would be a send on a closed channel, which ends the
// process. (Without a bus systray keeps the menu to itself, so this needs none.)
func TestRebuildingTheMenuClosesNoChannelUnderAClick(t *testing.T) {
	r := &renderer{perform: func(Do) {}}
	r.draw(view{menu: Build([]tokens.Status{github(tokens.Connected)}, Surroundings{Now: now})})
	var channels []chan struct{}
	for _, s := range r.slots {
		if s.item != nil {
			channels = append(channels, s.item.ClickedCh)
		}
		for _, b := range s.below {
			channels = append(channels, b.item.ClickedCh)
		}
	}
	r.draw(view{menu: Build([]tokens.Status{github(tokens.ReconnectRequired)}, Surroundings{Now: now})})
	if len(channels) < 5 {
		t.Fatalf("only %d entries", len(channels))
	}
	for i, c := range channels {
		select {
		case <-c:
			t.Errorf("the channel of entry %d was closed", i)
		default:
		}
	}
	close(r.stop)
}

func TestDrawingTheSameAgainTouchesNothing(t *testing.T) {
	r := &renderer{perform: func(Do) {}}
	v := view{menu: Build([]tokens.Status{github(tokens.Connected)}, Surroundings{Now: now})}
	r.draw(v)
	before := r.slots[0].item
	r.draw(view{menu: Build([]tokens.Status{github(tokens.Connected)}, Surroundings{Now: now})})
	if r.slots[0].item != before {
		t.Error("the menu was built anew")
	}
	close(r.stop)
}

// TestAQuestionIsSeenFromTheIcon: where its notification is not seen, nothing else says
// that a program waits.
func TestAQuestionIsSeenFromTheIcon(t *testing.T) {
	var asked []Question
	tr := New(Options{Questions: func() []Question { return asked }})
	tr.Show([]tokens.Status{gitlab(tokens.Connected)})
	if v := tr.view(now); v.shape != Fine {
		t.Errorf("nothing is asked, and the icon says %v", v.shape)
	}
	asked = mayItRead
	if v := tr.view(now); v.shape != NeedsYou || v.tooltip != "Authtray: tool‹b›: allow the token of work?" {
		t.Errorf("the icon says %v, %q", v.shape, v.tooltip)
	}
}

// A question may go, and another one come, before the menu is drawn: a click on an answer is
// for the question that it stood below, or for none.
func TestAnAnswerIsForNoOtherQuestion(t *testing.T) {
	r := &renderer{perform: func(Do) {}}
	draw := func(id string) (clicks []chan struct{}) {
		q := Question{ID: id, Title: "Allow git?", Body: "It asks.", Answers: []Choice{{Key: "once", Label: "Allow once"}, {Key: "deny", Label: "Deny"}}}
		r.draw(view{menu: Build(nil, Surroundings{Now: now, Questions: []Question{q}})})
		for _, s := range r.slots {
			for _, b := range s.below {
				if b.do.Verb == Answer && b.do.Name == id {
					clicks = append(clicks, b.item.ClickedCh)
				}
			}
		}
		return clicks
	}
	first := draw("1")
	if again := draw("1"); !slices.Equal(first, again) || len(first) != 2 {
		t.Errorf("the same question is drawn anew: %d answers, then %d", len(first), len(again))
	}
	for _, click := range draw("2") {
		if slices.Contains(first, click) {
			t.Error("a click that was meant for question 1 answers question 2")
		}
	}
}
