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

	"github.com/authtray/authtray/app/window/raise"
)

// Main shows the window and returns when it is closed. Where the window of this
// profile is open already, it is raised instead. It must be called on the main
// goroutine. The error is one sentence for people.
func Main(ctx context.Context, agent Agent, o Options) (err error) {
	if raised, err := raise.Raise(ctx, o.Address); raised {
		return nil
	} else if err != nil {
		return err
	}
	if err := checkDisplay(runtime.GOOS, os.Getenv); err != nil {
		return err
	}
	door, err := raise.Listen(o.Address)
	if errors.Is(err, raise.ErrOpen) { // it opened a moment ago
		_, err = raise.Raise(ctx, o.Address)
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
	fyneapp.SetMetadata(fyne.AppMetadata{ID: ID, Name: "Authtray", Version: o.Version, Icon: appIcon, Migrations: map[string]bool{"fyneDo": true}})
	a := fyneapp.NewWithID(ID)
	a.Settings().SetTheme(ourTheme())
	defer context.AfterFunc(ctx, func() { fyne.Do(a.Quit) })()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	u := newUI(ctx, a, agent, surroundings{now: time.Now, after: after, do: fyne.Do, browse: o.Browse, start: o.Start}, o)
	u.win.SetOnClosed(func() {
		u.clipboard.takeBack()
		cancel()
		a.Quit()
	})
	a.Lifecycle().SetOnStarted(func() { u.live(door.Knocks()) })
	u.win.CenterOnScreen()
	u.win.Show()
	if fyneSays.blind.Load() {
		return errNoGraphics // Run would wait for ever for a window to close
	}
	fyneSays.running.Store(true)
	a.Run()
	return nil
}

// live starts what goes on while the window is open.
func (u *ui) live(knocks <-chan struct{}) {
	go u.follow()
	go u.ticking()
	go func() {
		for {
			select {
			case <-knocks:
				u.out.do(u.raise)
			case <-u.ctx.Done():
				return
			}
		}
	}()
}

// tick brings every time on screen up to date, each second.
func (u *ui) tick() {
	u.list.tick()
	u.details.tick()
	u.flow.tick()
}

func (u *ui) ticking() {
	for u.ctx.Err() == nil {
		u.rest(u.ctx, time.Second)
		if u.ctx.Err() == nil {
			u.out.do(u.tick)
		}
	}
}

func (l *list) tick() {
	now := l.u.out.now()
	for _, r := range l.rows {
		r.tick(now)
	}
}

func (u *ui) raise() {
	u.win.Show()
	u.win.RequestFocus()
}

func after(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}
