package window

import (
	"context"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// Agent is what the window needs of the agent; *remote.Client implements it.
// Every method may wait and must be called off the UI's goroutine.
type Agent interface {
	Events(ctx context.Context, opened func(), each func(remote.Event)) error
	Connections(ctx context.Context) ([]tokens.Status, error)
	Connection(ctx context.Context, name string) (api.Connection, error)
	Put(ctx context.Context, name string, c catalog.Connection) error
	SetSecret(ctx context.Context, name, secret string) error
	Remove(ctx context.Context, name string) (api.Removed, error)
	Disconnect(ctx context.Context, name string) (api.Removed, error)
	Token(ctx context.Context, name string) (tokens.Token, error)
	Refresh(ctx context.Context, name string) error
	Connect(ctx context.Context, name string, o api.ConnectRequest) (api.Attempt, error)
	Wait(ctx context.Context, name string, o api.ConnectRequest) (tokens.Status, error)
	Paste(ctx context.Context, name, redirect string) error
	Cancel(ctx context.Context, name string) error
	Providers(ctx context.Context) ([]api.Brief, error)
	ForHost(ctx context.Context, host string) ([]catalog.Connection, error)
	Provider(ctx context.Context, id string) (api.Provider, error)
	Settings(ctx context.Context) (api.SettingsPatch, error)
	Set(ctx context.Context, s api.SettingsPatch) error
	Health(ctx context.Context) (api.Health, error)
	Doctor(ctx context.Context) ([]api.Check, error)
	Log(ctx context.Context, n int, each func(audit.Record)) error
}

var _ Agent = (*remote.Client)(nil)

// surroundings are what the window takes from the outside world, so that tests
// can bring their own.
type surroundings struct {
	now    func() time.Time
	after  func(d time.Duration, f func()) (stop func()) // f runs on any goroutine
	do     func(f func())                                // runs f on the UI's goroutine, soon
	browse func(url string) error                        // opens the system browser; may wait
	folder func(dir string) error                        // opens the file manager; may wait
	start  func(ctx context.Context) error               // starts the agent; may wait

	// authtray runs a command as a terminal would, and returns what it prints and what
	// it says on the side; may wait.
	authtray func(ctx context.Context, args ...string) (printed, said string, err error)
}

// ask calls question on a goroutine of its own and then with its answer on the
// UI's. An answer that comes after the window closed is dropped.
func ask[T any](u *ui, question func(context.Context) (T, error), then func(T, error)) {
	go func() {
		answer, err := question(u.ctx)
		if u.ctx.Err() != nil {
			return
		}
		u.out.do(func() { then(answer, err) })
	}()
}

// tell is ask for a question without an answer.
func tell(u *ui, question func(context.Context) error, then func(error)) {
	ask(u, func(ctx context.Context) (struct{}, error) { return struct{}{}, question(ctx) },
		func(_ struct{}, err error) { then(err) })
}

// How long the window waits before it asks again for an agent that is away: it
// is on this machine, so asking costs nothing.
const retryAgent = time.Second

// follow keeps the model current until the window closes.
func (u *ui) follow() {
	for u.ctx.Err() == nil {
		err := u.agent.Events(u.ctx, func() { u.out.do(u.arrived) }, func(e remote.Event) { u.out.do(func() { u.heard(e) }) })
		if u.ctx.Err() != nil {
			return
		}
		u.out.do(func() { u.lost(err) })
		u.rest(u.ctx, retryAgent)
	}
}

// rest waits, or less if the window closes.
func (u *ui) rest(ctx context.Context, d time.Duration) {
	woken := make(chan struct{})
	stop := u.out.after(d, func() { close(woken) })
	defer stop()
	select {
	case <-woken:
	case <-ctx.Done():
	}
}

// tick brings every time on screen up to date, each second. What cannot be seen is
// left alone, since Fyne would draw the window for it: another view, and what is
// below a dialog.
func (u *ui) tick() {
	u.list.regroup()
	u.undo.tick()
	switch {
	case u.dialog != nil:
	case u.view == viewConnections:
		u.list.tick()
		u.details.tick()
	case u.view == viewFlow:
		u.flow.tick()
	case u.view == viewActivity:
		u.activity.tick()
	}
}

// arrived asks for the list too: the stream alone does not say that there is
// nothing, nor what went while the window was not listening.
func (u *ui) arrived() {
	u.present = true
	u.model.opened()
	u.banner.Hide()
	ask(u, u.agent.Connections, func(all []tokens.Status, err error) {
		if err != nil {
			return // the stream ends for the same reason, and says so
		}
		u.known = true
		u.model.settle(all)
		if name := u.form.editing; name != "" && !u.model.has(name) {
			u.form.removed(name)
		}
		u.list.show()
		u.details.show()
	})
	u.activity.follow()
	u.settings.load()
}

func (u *ui) heard(e remote.Event) {
	u.model.apply(e)
	if e.Removed {
		u.form.removed(e.Status.Name)
	}
	u.list.show()
	u.details.heard(e)
}

// lost says that the agent is away. What was known stays on screen under the
// banner, which says that it may be outdated.
func (u *ui) lost(err error) {
	u.present = false
	u.banner.gone(err)
	u.list.show()
}

// banner says above everything else that the agent is away, and starts it.
type banner struct {
	u      *ui
	object *fyne.Container
	text   *widget.Label
	start  *button
}

func (u *ui) newBanner() *banner {
	b := &banner{u: u, text: paragraph("")}
	b.start = u.button(tr("Start the agent"), nil, b.launch).primary()
	icon := canvas.NewImageFromResource(inColor(shapeAlert, theme.ColorNameError))
	icon.SetMinSize(fyne.NewSquareSize(20))
	body := container.NewBorder(nil, nil, container.New(inset{14, 0}, container.NewCenter(icon)), padded(8, container.NewCenter(b.start)), middled(b.text))
	b.object = container.NewStack(newPlane(colorAlertCard), body)
	b.object.Hide()
	return b
}

// Hide says that the agent is back.
func (b *banner) Hide() {
	b.start.Enable()
	b.object.Hide()
}

// gone says that it is not. It is called again with every try.
func (b *banner) gone(err error) {
	if b.object.Visible() {
		return
	}
	b.text.SetText(tr("Authtray's agent is not running: what you see may be outdated, and no token is renewed."))
	var p *client.Problem
	if errors.As(err, &p) {
		b.text.SetText(foreign(p.Sentence()))
	}
	b.start.SetText(tr("Start the agent"))
	b.start.Enable()
	b.object.Show()
}

func (b *banner) launch() {
	b.start.SetText(tr("Starting…"))
	b.start.Disable()
	tell(b.u, func(ctx context.Context) error { return b.u.out.start(ctx) }, func(err error) {
		b.start.SetText(tr("Start the agent"))
		b.start.Enable()
		if err != nil {
			b.text.SetText(tr("The agent could not be started: {{.Why}}", "Why", foreign(err.Error())))
		}
	})
}
