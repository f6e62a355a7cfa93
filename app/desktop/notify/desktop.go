package notify

import (
	"errors"
	"sync"
	"time"

	"github.com/gen2brain/beeep"

	"github.com/authtray/authtray/app/api"
)

// nameBeeep gives beeep our name, once: it keeps it in a variable of its own.
var nameBeeep = sync.OnceFunc(func() { beeep.AppName = appName })

const appName = "Authtray"

// beep shows a banner through beeep. icon is PNG bytes or a file's path. Only
// Notify is used: Alert writes a bell character to stdout.
func beep(m message, icon any) error {
	nameBeeep()
	return bounded(func() error { return beeep.Notify(m.title, m.body, icon) })
}

// desk is how a system shows notifications. One goroutine calls it.
type desk interface {
	// show puts m on the screen in place of what is shown of name. What becomes
	// of it is posted with mark. nil means that it could be seen; errNobody that
	// there is no server, whose coming will be posted.
	show(name string, mark uint64, m message) error
	// withdraw takes it off the screen. A name that is not shown is no error.
	withdraw(name string)
	// banner shows m for a few seconds, in place of one about the same.
	banner(m message) error
	// settle takes a banner back, where the system can.
	settle(about string)
	// ask shows a question and replies to it later, or at once where it cannot.
	ask(a *asking) (later bool)
	// unask takes it off the screen, if it is there.
	unask(a *asking)
	close()
}

// reporter is what a desk tells its notifier. Its methods do not block.
type reporter interface {
	post(event)
	setHealth(state api.NotificationState, detail string)
}

// message is a notification's content, as yet unescaped.
type message struct {
	about       string // of a banner
	title, body string
	warning     bool
	button      string // what its button says; "": it has none, of a death
	together    bool   // it stands for several deaths
	menu        string // which entry of the tray's menu does what the button does
}

// event is something that happened to what is shown.
type event struct {
	kind   kind
	name   string
	mark   uint64
	banner *message // not from a desk: a banner to be shown
	asking *asking  // not from a desk: a question to be asked or withdrawn
}

type kind int

const (
	_         kind = iota
	pressed        // the button
	dismissed      // the user put it away
	lost           // it is not on the screen any more, and there is a server that can show it
	renewed        // a notification server came: what could not be shown may be tried
	ended          // the desk is of no use any more; another may be
	asked
	unasked
	outdated // what a banner says is not so any more
)

// callTimeout bounds each use of the desktop.
const callTimeout = 10 * time.Second

var (
	errSlow   = errors.New("the desktop does not answer")
	errNobody = errors.New("no notification server is running")
)

// bounded runs f, and goes on without it when it takes too long.
func bounded(f func() error) error { return within(callTimeout, f) }

// within is bounded by a time of its own. What f wrote may be read only if the
// error is not errSlow: f runs on.
func within(limit time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return errSlow
	}
}
