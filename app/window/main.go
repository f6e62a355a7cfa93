// Without cgo Fyne has a driver for tests only, and on macOS not even that.

//go:build cgo || (ci && !darwin)

package window

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver"

	"github.com/authtray/authtray/app/window/raise"
)

// Main shows the window and returns when it is closed. Where the window of this
// profile is open already, it is raised instead. It must be called on the main
// goroutine. The error is one sentence for people.
func Main(ctx context.Context, agent Agent, o Options) (err error) {
	if raised, err := raise.Raise(ctx, o.Address, ""); raised {
		return nil
	} else if err != nil {
		return err
	}
	if err := checkDisplay(runtime.GOOS, os.Getenv); err != nil {
		return err
	}
	door, err := raise.Listen(o.Address)
	if errors.Is(err, raise.ErrOpen) { // it opened a moment ago
		_, err = raise.Raise(ctx, o.Address, "")
		return err
	}
	if err != nil {
		return err
	}
	defer door.Close()
	fyneSays := &toolkit{log: o.Log, stderr: os.Stderr}
	defer fyneSays.listen()()
	defer func() {
		if p := recover(); p != nil {
			o.Log.Debug("the window's toolkit gave up", "why", fmt.Sprint(p))
			err = errNoGraphics
		}
	}()
	return run(ctx, agent, o, door, fyneSays)
}

func run(ctx context.Context, agent Agent, o Options, door *raise.Door, fyneSays *toolkit) error {
	if err := loadTranslations(); err != nil {
		return fmt.Errorf("read the window's translations: %w", err)
	}
	id := appID(runtime.GOOS)
	fyneapp.SetMetadata(fyne.AppMetadata{ID: id, Name: "Authtray", Version: o.Version, Icon: appIcon, Migrations: map[string]bool{"fyneDo": true}})
	a := fyneapp.NewWithID(id)
	a.Settings().SetTheme(ourTheme())
	resting := &rest{}
	defer context.AfterFunc(ctx, func() { resting.do(a.Quit) })()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-door.Unwanted():
			resting.do(a.Quit)
		case <-ctx.Done():
		}
	}()
	u := newUI(ctx, a, agent, surroundings{now: time.Now, after: after, do: resting.do, browse: o.Browse, folder: o.Folder, start: o.Start, authtray: o.Authtray}, o)
	u.win.SetOnClosed(func() {
		u.remember()
		u.clipboard.takeBack()
		u.undo.finish()
		cancel()
		a.Quit()
	})
	a.Lifecycle().SetOnStarted(func() {
		u.fit(screenSize())
		u.live(door.Knocks())
		go resting.run(ctx)
	})
	a.Lifecycle().SetOnEnteredForeground(func() { u.inFront = true })
	a.Lifecycle().SetOnExitedForeground(func() { u.inFront = false })
	u.win.CenterOnScreen()
	u.win.Show()
	if fyneSays.blind.Load() {
		return errNoGraphics // Run would wait for ever for a window to close
	}
	fyneSays.running.Store(true)
	a.Run()
	u.undo.finish() // where it was ended from outside
	return nil
}

// live starts what goes on while the window is open. Who knocked before has it on
// the screen, and may want to see a connection in it: the program that started it
// does so until it is answered.
func (u *ui) live(knocks <-chan string) {
	select {
	case name := <-knocks:
		u.visit(name)
	default:
	}
	go u.follow()
	go u.ticking()
	go func() {
		for {
			select {
			case name := <-knocks:
				u.out.do(func() {
					u.raise()
					u.visit(name)
				})
			case <-u.ctx.Done():
				return
			}
		}
	}()
}

func (u *ui) ticking() {
	for u.ctx.Err() == nil {
		u.rest(u.ctx, time.Second)
		if u.ctx.Err() == nil {
			u.out.do(u.tick)
		}
	}
}

// raise brings the window to the front.
func (u *ui) raise() {
	if onWayland(u.win) {
		u.out.after(focusRead, func() { u.out.do(u.mapAnew) })
		return
	}
	u.win.Show()
	u.win.RequestFocus()
}

// focusRead is when the toolkit has read what the compositor said before somebody
// knocked: it reads sixty times a second.
const focusRead = 100 * time.Millisecond

// mapAnew brings the window to the front on Wayland. A compositor gives the focus
// only to who shows the token of a fresh click, which another process had; but a
// window that is mapped anew comes to the front, on the workspace of now, also
// where it was minimised. One that has the focus is left alone, since it could
// lose it. The content is drawn again: the first frame of a surface may be shown
// before anything is on it.
func (u *ui) mapAnew() {
	if u.inFront {
		return
	}
	u.win.Hide()
	u.win.Show()
	u.win.RequestFocus()
	u.win.Content().Refresh()
}

// onWayland: the toolkit speaks X11 too, and decides at run time.
func onWayland(w fyne.Window) (yes bool) {
	if native, ok := w.(driver.NativeWindow); ok {
		native.RunNative(func(context any) { _, yes = context.(driver.WaylandWindowContext) })
	}
	return yes
}

func after(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}
