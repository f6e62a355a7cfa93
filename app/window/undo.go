package window

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/authtray/authtray/app/api"
)

// undoFor is how long something can be taken back.
const undoFor = 8 * time.Second

// undo is the bar that offers to take back what was asked for last. What ends an
// access at a provider cannot be taken back once the provider knows, so it waits
// until the time is over.
type undo struct {
	u      *ui
	object *fyne.Container
	text   *line
	button *button
	last   *undoable // nil: there is nothing to take back
	stop   func()    // the clock
}

// undoable is something that can be taken back until a time.
type undoable struct {
	text  func(left time.Duration) string
	about string                    // the connection that it is done to, or ""
	until time.Time                 // …when it cannot be taken back any more
	then  func(ctx context.Context) // what is done then; may wait; nil: it is done already
	back  func()                    // what Undo does; nil: nothing was done yet
}

func (u *ui) newUndo() *undo {
	o := &undo{u: u, text: newLine(""), stop: func() {}}
	o.button = u.button(tr("Undo"), nil, o.takeBack)
	o.object = container.NewStack(newPlane(colorNotice), padded(8, container.NewBorder(nil, nil, nil, o.button, container.New(inset{8, 0}, middled(o.text)))))
	o.object.Hide()
	return o
}

// offer takes the place of what could be taken back before, which is done at once.
func (o *undo) offer(what undoable) {
	if o.last != nil && o.last.about == what.about && what.about != "" {
		return // it was asked for already
	}
	o.settle()
	what.until = o.u.out.now().Add(undoFor)
	o.last = &what
	o.stop = o.u.out.after(undoFor, func() {
		o.u.out.do(func() {
			if o.last == &what {
				o.settle()
			}
		})
	})
	o.tick()
	o.object.Show()
	o.u.win.Content().Refresh()
}

// settle does what was only announced: it cannot be taken back any more.
func (o *undo) settle() {
	if then := o.leave(); then != nil {
		go then(o.u.ctx)
	}
}

// finish is settle for a window that closes: it returns when all is done.
func (o *undo) finish() {
	if then := o.leave(); then != nil {
		ctx, cancel := context.WithTimeout(context.Background(), finishTime)
		defer cancel()
		then(ctx)
	}
}

// finishTime is how long a closed window waits for the agent to disconnect.
const finishTime = 30 * time.Second

// leave takes the offer off the screen, and returns what is left to do.
func (o *undo) leave() func(context.Context) {
	if o.last == nil {
		return nil
	}
	then := o.last.then
	o.last = nil
	o.stop()
	o.object.Hide()
	o.u.win.Content().Refresh()
	return then
}

func (o *undo) takeBack() {
	if o.last == nil {
		return
	}
	back := o.last.back
	o.last.then = nil
	o.leave()
	if back != nil {
		back()
	}
	if o.u.view == viewConnections {
		o.u.focus(o.u.list.widget)
	}
}

// tick counts down.
func (o *undo) tick() {
	if o.last != nil {
		o.text.set(o.last.text(o.last.until.Sub(o.u.out.now())))
	}
}

// part ends a connection's access, or the connection, after a time in which that can
// be taken back.
func (u *ui) part(name string, soon func(left string) string, done string, how func(context.Context, string) (api.Removed, error)) {
	u.undo.offer(undoable{
		about: name,
		text:  func(left time.Duration) string { return soon(span(left)) },
		then: func(ctx context.Context) {
			f, err := how(ctx, name)
			if u.ctx.Err() == nil {
				u.out.do(func() { u.parted(done, f, err) })
			}
		},
	})
	u.focus(u.list.widget) // not the button that led here: Enter would ask again
}

func (u *ui) parted(done string, f api.Removed, err error) {
	switch {
	case err != nil:
		u.sorry(err)
	case f.Detail != "":
		u.inform(done, foreign(f.Detail))
	default:
		u.say(done)
	}
}
