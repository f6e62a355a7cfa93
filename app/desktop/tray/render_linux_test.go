package tray

import (
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
