package agent

import (
	"testing"
	"testing/synctest"
)

func TestBackgroundIsWaitedForAndBeginsNothingAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b background
		let, waited, ran := make(chan struct{}), false, false
		b.start("", func() { <-let; ran = true })
		go func() { b.wait(); waited = true }()
		synctest.Wait()
		if waited {
			t.Error("not waited for")
		}
		if b.start("", func() { t.Error("begun while the agent ends") }) {
			t.Error("said to have begun")
		}
		close(let)
		synctest.Wait()
		if !waited || !ran {
			t.Errorf("ran %t, waited %t", ran, waited)
		}
	})
}

// TestSignInThatBeginsWhileTheAgentEndsIsRefused: nobody would see it through.
func TestSignInThatBeginsWhileTheAgentEndsIsRefused(t *testing.T) {
	w := newWorld(t)
	w.add("me")
	w.agent.background.wait()
	p := w.call("POST", "/connections/me/connect", map[string]any{"mode": "url"}).problem("temporarily_unavailable", 503)
	if p.Hint != "authtray run" {
		t.Errorf("%+v", p)
	}
}
