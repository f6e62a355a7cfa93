package crash

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/tokens"
)

// endTime is how long an agent that was asked to end waits for an answer that is
// under way. One whose answer has come needs no time to speak of.
const endTime = tokens.ShutdownTime

// terminate asks the agent to end, as a logout does, and waits until it has.
func (a *agent) terminate() {
	a.t.Helper()
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		a.t.Fatal(err)
	}
	a.awaitPoliteEnd()
}

func (a *agent) awaitPoliteEnd() {
	a.t.Helper()
	a.hasEnded(a.ended)
	a.awaitEnd()
}

// hasEnded waits until a process that was asked to end has.
func (a *agent) hasEnded(ended <-chan struct{}) {
	a.t.Helper()
	select {
	case <-ended:
	case <-time.After(endTime):
		a.t.Errorf("asked to end, and still there after %v", endTime)
		a.cmd.Process.Kill()
	}
}

// TestAskedToEndWhileAnAnswerIsOnItsWayItKeepsTheNewGrant: the provider has
// rotated the refresh token, forgives no second use, and its answer comes after
// the agent was asked to end.
func TestAskedToEndWhileAnAnswerIsOnItsWayItKeepsTheNewGrant(t *testing.T) {
	if !apart(t) {
		return
	}
	for name, ask := range map[string]func(*desk){
		"SIGTERM": func(d *desk) { d.cmd.Process.Signal(syscall.SIGTERM) },
		"quit":    func(d *desk) { go d.does("quit") },
		"replace": func(d *desk) { d.begin(d.command(asAuthtray, "run", "--no-tray", "--replace")) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			held, release := make(chan struct{}), make(chan struct{})
			d.provider.kit.Script(faultkit.Hold(held, release))
			go d.refresh("work")
			<-held
			first, ended := d.cmd, d.ended
			ask(d)
			eventually(t, "it has heard of it", func() bool {
				c, err := net.Dial("unix", d.paths.Socket) // client.Dial waits for the next agent
				if err == nil {
					c.Close()
				}
				return err != nil
			})
			close(release)
			d.hasEnded(ended)
			if !first.ProcessState.Success() {
				t.Errorf("it ended with: %v", first.ProcessState)
			}
			if _, i, err := d.record("work"); err != nil || i.before == 0 || !d.newest(i) {
				t.Errorf("the keychain has not the newest grant, %v", err)
			}
			if name == "replace" {
				d.awaitAnswer()
			} else {
				d.awaitEnd()
				d.run()
			}
			d.recovers()
			d.refresh("work")
			d.recovers()
			if n := len(d.provider.Grants()); n != 1 {
				t.Errorf("%d grants", n)
			}
		})
	}
}
