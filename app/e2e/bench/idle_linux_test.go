package bench

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/desktop"
	"github.com/authtray/authtray/providers/practice/practicetest"
	practiceserver "github.com/authtray/authtray/providers/practice/server"
)

// idle measures what an agent costs that has nothing to do, with its icon in
// xfce4-panel and ten connections whose tokens last an hour.
func idle(t *testing.T, s *sheet) {
	program(t, "github.com/authtray/authtray") // before the desktop has a home of its own, without a build cache
	d := desktop.Start(t)
	d.StartPanel()
	d.StartNotices()
	a := newAuthtray(t, "DBUS_SESSION_BUS_ADDRESS="+os.Getenv("DBUS_SESSION_BUS_ADDRESS"), "DISPLAY="+os.Getenv("DISPLAY"))
	p := practicetest.Start(t, practiceserver.Options{Lifetime: time.Hour})
	for i := range 10 {
		a.write(fmt.Sprintf("c%d", i), p)
	}
	a.run("--store=memory")
	d.AwaitIcon("Authtray")
	for i := range 9 {
		a.signIn(fmt.Sprintf("c%d", i))
	}
	time.Sleep(30 * time.Second) // what follows from a start and a sign-in
	before := desktop.Measure(t, a.agent.Process.Pid, *idleFor)
	a.signIn("c9")
	time.Sleep(15 * time.Second)
	after := desktop.Measure(t, a.agent.Process.Pid, 10*time.Second)
	s.atMost("wake-ups in a minute, idle with 10 connections and the icon", "", float64(before.Switches)/idleFor.Minutes(), 4)
	s.atMost("private memory, idle with 10 connections and the icon", "MB", float64(before.Private)/1e6, 6)
	s.atMost("private memory, just after a sign-in", "MB", float64(after.Private)/1e6, 6)
	s.report("RSS, idle with 10 connections and the icon", "MB", float64(before.RSS)/1e6)
	s.report("RSS, just after a sign-in", "MB", float64(after.RSS)/1e6)
	s.report("processor, idle with 10 connections and the icon", "ms/min", milliseconds(before.CPU)/idleFor.Minutes())
}
