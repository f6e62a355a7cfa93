package window

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/window/remote"
)

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
	if p, ok := remote.AsProblem(err); ok {
		b.text.SetText(plain(p.Error()))
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
			b.text.SetText(tr("The agent could not be started: {{.Why}}", "Why", plain(err.Error())))
		}
	})
}
