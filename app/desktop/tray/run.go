//go:build !darwin || cgo

package tray

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"sync/atomic"
	"time"

	"fyne.io/systray"

	"github.com/authtray/authtray/assets"
)

// systray keeps its state in package variables and serves one tray a process.
var (
	started atomic.Bool
	drawn   = make(chan struct{}) // closed once the icon was drawn
)

func (t *Tray) run(ctx context.Context) error {
	if !started.CompareAndSwap(false, true) {
		return errors.New("the tray can run only once in a process")
	}
	desk, health, ok := reach(ctx)
	if !ok {
		t.setHealth(health)
		<-ctx.Done()
		return nil
	}
	prepare(t.view(time.Now()))
	if runtime.GOOS == "darwin" {
		t.loop(ctx, desk)
		return nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // Windows: the window's messages go to the thread that made it
		t.loop(ctx, desk)
	}()
	<-ctx.Done()
	waitFor(done, 3*time.Second)
	return nil
}

// loop runs systray until ctx ends. Quit is bound to ctx only once systray is
// up: before that it would be lost on Windows.
func (t *Tray) loop(ctx context.Context, desk *desktop) {
	systray.Run(func() {
		r := &renderer{perform: t.perform}
		r.draw(t.view(time.Now()))
		close(drawn)
		go t.keepDrawn(ctx, r, desk)
		context.AfterFunc(ctx, systray.Quit)
	}, func() {})
}

// keepDrawn draws what changes, until ctx ends. The first view is drawn again
// once the icon is on the bus, in case it changed while it was put there.
func (t *Tray) keepDrawn(ctx context.Context, r *renderer, desk *desktop) {
	if health, ok := desk.await(ctx); !ok {
		t.setHealth(health)
		return
	}
	r.once = false
	t.draw(r, desk)
	back := make(chan func())
	go t.stay(ctx, desk, back)
	for {
		due, stop := t.nextDraw(time.Now())
		select {
		case <-due:
			t.draw(r, desk)
		case <-t.kick:
			t.draw(r, desk)
		case done := <-back: // systray has kept what was drawn
			t.draw(r, desk)
			done()
		case <-ctx.Done():
			stop()
			return
		}
		stop()
	}
}

// nextDraw sends when something has to be drawn though nothing happens; nil where
// nothing has.
func (t *Tray) nextDraw(now time.Time) (due <-chan time.Time, stop func() bool) {
	t.mu.Lock()
	next := nextChange(t.statuses, now)
	t.mu.Unlock()
	if next.IsZero() {
		return nil, func() bool { return false }
	}
	timer := time.NewTimer(min(next.Sub(now), maxDrawPause)) // by the wall clock, which a timer is not
	return timer.C, timer.Stop
}

// maxDrawPause is how late a change of the icon may be after the machine has slept.
const maxDrawPause = time.Minute

// draw draws what is to be seen now. systray panics where the connection to the
// bus is over, which must not cost the agent its life: all is drawn again when the
// icon is put back.
func (t *Tray) draw(r *renderer, desk *desktop) {
	defer func() {
		if p := recover(); p != nil {
			if desk.connected() {
				panic(p)
			}
			r.once = false
		}
	}()
	r.draw(t.view(time.Now()))
}

// stay keeps the icon with whatever tray host there is, and puts it back where the
// desktop has lost it; then it says so to back, and waits until all is drawn again:
// a menu that is drawn anew knows no click on an entry of before.
func (t *Tray) stay(ctx context.Context, desk *desktop, back chan<- func()) {
	for {
		desk.watch(ctx, t.setHealth)
		if !desk.restore(ctx) {
			return
		}
		redrawn, done := context.WithCancel(ctx)
		select {
		case back <- done:
			<-redrawn.Done()
		case <-ctx.Done():
		}
		done()
	}
}

// setIcon sets PNG on Linux (an SVG is refused there), ICO on Windows, and a
// template on macOS, which the system inverts as it needs.
func setIcon(s Shape) {
	icon := map[Shape][]byte{Fine: assets.TrayFine, Working: assets.TrayWorking, NeedsYou: assets.TrayNeedsYou}[s]
	systray.SetTemplateIcon(icon, icon)
}

func waitFor(done <-chan struct{}, at time.Duration) {
	select {
	case <-done:
	case <-time.After(at):
	}
}

// view is everything of the tray that can be seen.
type view struct {
	menu    Menu
	shape   Shape
	tooltip string
}

// view is what is to be seen at now.
func (t *Tray) view(now time.Time) view {
	t.mu.Lock()
	defer t.mu.Unlock()
	in := Surroundings{Now: now, CanCopy: t.opts.CanCopy, Autostart: t.autostart, MCP: t.opts.MCP, Language: t.opts.Language}
	if t.opts.Questions != nil {
		in.Questions = t.opts.Questions()
	}
	v := view{menu: Build(t.statuses, in), shape: ShapeOf(t.statuses, now), tooltip: Tooltip(t.statuses, t.opts.Profile, in)}
	if len(in.Questions) > 0 {
		v.shape = NeedsYou
	}
	return v
}

func (v view) equal(o view) bool { return reflect.DeepEqual(v, o) }

// perform calls the action that an entry stands for. It runs in a goroutine of
// its own, so that a slow action holds up neither the menu nor the bus.
func (t *Tray) perform(d Do) {
	a := t.opts.Actions
	switch d.Verb {
	case Connect:
		a.Connect(d.Name)
	case Reconnect:
		a.Reconnect(d.Name)
	case Refresh:
		a.Refresh(d.Name)
	case CopyToken:
		a.CopyToken(d.Name)
	case UnlockKeychain:
		a.UnlockKeychain()
	case Answer:
		a.Answer(d.Name, d.Key)
	case Open:
		a.Open(d.Name)
	case ToggleAutostart:
		a.SetAutostart(!t.autostartShown())
	case Quit:
		a.Quit()
	}
}

func (t *Tray) autostartShown() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.autostart
}
