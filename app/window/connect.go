package window

import (
	"context"
	"errors"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// connecting shows a flow while it is pending, and how it ended.
type connecting struct {
	u       *ui
	box     *fyne.Container
	name    string
	entry   api.Provider
	options api.ConnectRequest
	attempt api.Attempt
	pending bool
	again   bool          // the connection was connected before
	round   int           // of which try an answer is
	stop    func()        // ends the wait for the answer
	until   *line         // how long the provider's page is still good for
	trouble *widget.Label // why the browser did not open
}

func (u *ui) newConnecting() *connecting {
	return &connecting{u: u, box: container.NewStack(), stop: func() {}}
}

func (c *connecting) object() fyne.CanvasObject { return c.box }

// reconnect begins a flow for a connection that is there.
func (u *ui) reconnect(name string) {
	s := u.model.all[name]
	u.withEntry(s.Provider, func(e api.Provider) {
		mode := providers.Browser
		if !needsOf(e).browser {
			mode = providers.Device
		}
		u.flow.begin(name, e, mode)
	})
}

func (c *connecting) begin(name string, e api.Provider, mode providers.Mode) {
	c.name, c.entry, c.options = name, e, api.ConnectRequest{Mode: mode}
	c.again = c.u.model.all[name].Account != ""
	if mode == providers.Browser {
		// The window opens the browser itself, once it waits for the answer:
		// an answer that came sooner would be taken for a new question.
		c.options.Mode = providers.URLOnly
	}
	c.u.show(viewFlow)
	c.start()
}

func (c *connecting) start() {
	c.round++
	round := c.round
	c.attempt, c.pending = api.Attempt{}, true
	c.page(c.waits(), c.headline(tr("Asking {{.Provider}}…", "Provider", plain(c.entry.Name))), c.buttons(c.cancel()))
	name, options := c.name, c.options
	ask(c.u, func(ctx context.Context) (api.Attempt, error) { return c.u.agent.Connect(ctx, name, options) }, func(f api.Attempt, err error) {
		switch {
		case c.round != round:
		case c.asksForHost(err):
		case err != nil:
			c.failed(err)
		default:
			c.waiting(f)
		}
	})
}

// waiting shows what to do, waits for the flow's end, and opens the browser.
func (c *connecting) waiting(f api.Attempt) {
	c.attempt = f
	if f.UserCode != "" {
		c.showCode()
	} else {
		c.showWaiting()
	}
	c.tick()
	ctx, stop := context.WithCancel(c.u.ctx)
	c.stop = stop
	round, name, options := c.round, c.name, c.options
	ask(c.u, func(context.Context) (tokens.Status, error) {
		defer stop()
		return c.u.agent.Wait(ctx, name, options)
	}, func(s tokens.Status, err error) {
		if c.round == round && c.pending {
			c.ended(s, err)
		}
	})
	c.browse()
}

// browse opens the provider's page, and says below the buttons where that fails.
func (c *connecting) browse() {
	round, url, trouble := c.round, c.attempt.URL, c.trouble
	trouble.Hide()
	tell(c.u, func(context.Context) error { return c.u.out.browse(url) }, func(err error) {
		if err != nil && c.round == round {
			trouble.SetText(explain(err))
			trouble.Show()
			c.u.arrange(viewFlow)
		}
	})
}

// newTrouble is the place for why the browser did not open.
func (c *connecting) newTrouble() fyne.CanvasObject {
	c.trouble = centred(paragraph(""))
	c.trouble.Importance = widget.DangerImportance
	c.trouble.Hide()
	return c.trouble
}

func (c *connecting) ended(s tokens.Status, err error) {
	var p *client.Problem
	switch {
	case err == nil:
		c.pending = false
		c.showDone(s)
	case errors.As(err, &p) && p.Code == "other_account":
		c.pending = false
		c.showOther(p)
	default:
		c.failed(err)
	}
}

// failed says why; where a field of the form is to blame, it says so there.
func (c *connecting) failed(err error) {
	c.pending = false
	var p *client.Problem
	if errors.As(err, &p) && fieldOf(p) != "" {
		c.u.blame(c.name, p)
	}
	again := c.u.button(tr("Try again"), nil, c.start)
	edit := c.u.button(tr("Edit settings"), nil, func() { c.u.editConnection(c.name) })
	leads := again
	if p != nil && fieldOf(p) != "" { // what was refused is refused again
		leads = edit
	}
	leads.primary()
	c.page(c.sign(shapeAlert, theme.ColorNameError), c.headline(tr("{{.Name}} is not connected", "Name", c.name)),
		centred(paragraph(explain(err))), c.buttons(c.close(), edit, again))
	c.u.focus(leads)
}

// blame opens the form of a connection with the agent's sentence in place.
func (u *ui) blame(name string, p *client.Problem) {
	ask(u, bound(name, u.agent.Connection), func(d api.Connection, err error) {
		if err != nil || u.view != viewFlow {
			return
		}
		u.withEntry(d.Provider, func(e api.Provider) {
			u.form.change(e, d)
			u.form.blame(p)
		})
	})
}

// leave goes back, and cancels what is pending.
func (c *connecting) leave() {
	if c.pending {
		name := c.name
		tell(c.u, func(ctx context.Context) error { return c.u.agent.Cancel(ctx, name) }, func(error) {})
	}
	c.pending = false
	c.round++
	c.stop()
	c.u.show(viewConnections)
	c.u.list.choose(c.name)
}

func (c *connecting) paste(at *field) {
	text := pasted(at.Text)
	if text == "" {
		at.wrong(tr("Paste the whole address from the browser's address bar."))
		return
	}
	name := c.name
	tell(c.u, func(ctx context.Context) error { return c.u.agent.Paste(ctx, name, text) }, func(err error) {
		if err != nil && c.pending {
			at.wrong(explain(err))
		}
	})
}

// accept takes the grant of the other account.
func (c *connecting) accept() {
	name := c.name
	ask(c.u, func(ctx context.Context) (tokens.Status, error) {
		return c.u.agent.Wait(ctx, name, api.ConnectRequest{Mode: providers.URLOnly, AcceptAccount: true})
	}, func(s tokens.Status, err error) {
		if err != nil {
			c.failed(err)
			return
		}
		c.showDone(s)
	})
}

func (c *connecting) tick() {
	if c.until == nil || !c.pending || c.attempt.ExpiresAt.IsZero() {
		return
	}
	c.until.set(tr("Good for another {{.Time}}", "Time", span(c.attempt.ExpiresAt.Sub(c.u.out.now()))))
}

// page fills the view. What had the focus in the page before it is gone.
func (c *connecting) page(objects ...fyne.CanvasObject) {
	m := newMark(64)
	m.of(c.entry.ID, c.entry.Name)
	all := append([]fyne.CanvasObject{space(1, 24), container.NewCenter(m)}, objects...)
	scroll := page(580, all...)
	c.u.scrolls[viewFlow] = scroll
	if c.u.view == viewFlow {
		c.u.focus(nil)
	}
	c.box.Objects = []fyne.CanvasObject{scroll}
	c.box.Refresh()
}

func (c *connecting) headline(text string) fyne.CanvasObject {
	l := newLine(text).bold().sized(theme.SizeNameHeadingText)
	l.align = fyne.TextAlignCenter
	return l
}

// waits is the sign of a flow that is pending.
func (c *connecting) waits() fyne.CanvasObject { return c.sign(shapeBusy, theme.ColorNamePrimary) }

func (c *connecting) sign(r fyne.Resource, color fyne.ThemeColorName) fyne.CanvasObject {
	icon := canvas.NewImageFromResource(inColor(r, color))
	icon.SetMinSize(fyne.NewSquareSize(28))
	return container.NewCenter(icon)
}

func (c *connecting) cancel() *button { return c.u.button(tr("Cancel"), nil, c.leave) }
func (c *connecting) close() *button  { return c.u.button(tr("Close"), nil, c.leave) }

func (c *connecting) buttons(all ...*button) fyne.CanvasObject {
	row := sideBySide(8)
	for _, b := range all {
		row.Add(b)
	}
	return container.NewCenter(row)
}

func centred(l *widget.Label) *widget.Label {
	l.Alignment = fyne.TextAlignCenter
	return l
}

// showWaiting: the browser is open, the answer is awaited.
func (c *connecting) showWaiting() {
	c.until = caption("")
	c.until.align = fyne.TextAlignCenter
	again := c.u.button(tr("Open the browser again"), nil, c.browse)
	link := c.u.button(tr("Copy link"), theme.ContentCopyIcon(), func() { c.copied(c.attempt.URL, tr("Link copied. Open it in any browser on this machine.")) })
	cancel := c.cancel()
	c.page(c.waits(), c.headline(tr("Waiting for your browser…")),
		centred(paragraph(tr("Sign in at {{.Provider}} and agree there. This page goes on by itself.", "Provider", plain(c.entry.Name)))),
		c.buttons(again, link, cancel), c.newTrouble(), c.until, c.pasteCard())
	c.u.focus(again) // not Cancel: Enter must not end the sign-in by accident
}

// pasteCard is the way on where the browser cannot come back by itself. It is folded
// where most browsers do.
func (c *connecting) pasteCard() fyne.CanvasObject {
	title, text := tr("Did the browser not come back?"), tr("Copy the whole address it ended on, also when the page shows an error, and paste it here.")
	if c.entry.Redirect.Host == "https_only" {
		title, text = tr("Then paste the address here"), tr("{{.Provider}} only sends the browser to a web address. When it has, copy the whole address from the address bar.", "Provider", plain(c.entry.Name))
	}
	at := c.u.newField("", "", "", c.u.entry("http://127.0.0.1…"))
	at.OnSubmitted = func(string) { c.paste(at) }
	on := c.u.button(tr("Continue"), nil, func() { c.paste(at) })
	all := card(title, inLine(small(text)), container.NewBorder(nil, nil, nil, container.NewVBox(on), at.object))
	if c.entry.Redirect.Host == "https_only" {
		return all
	}
	all.Hide()
	var unfold *button
	unfold = c.u.button(title, theme.MenuDropDownIcon(), func() {
		unfold.Hide()
		all.Show()
		c.u.arrange(viewFlow)
		c.u.focus(at.entry)
		c.u.reveal(at.entry)
	}).low()
	return container.NewStack(container.NewCenter(unfold), all)
}

// showCode: a code is typed in on any device (RFC 8628).
func (c *connecting) showCode() {
	c.until = caption("")
	c.until.align = fyne.TextAlignCenter
	code := newLine(plain(c.attempt.UserCode)).bold().sized(sizeCode)
	code.style.Monospace = true
	code.align = fyne.TextAlignCenter
	copied := c.u.button(tr("Copy code"), theme.ContentCopyIcon(), func() { c.copied(c.attempt.UserCode, tr("Code copied.")) })
	again := c.u.button(tr("Open the page again"), nil, c.browse)
	cancel := c.cancel()
	c.page(c.waits(), c.headline(tr("Enter this code at {{.Provider}}", "Provider", plain(c.entry.Name))),
		container.NewStack(newGround(colorCard, colorCardEdge), padded(18, code)), c.until,
		centred(small(plain(c.attempt.URL))), c.buttons(copied, again, cancel), c.newTrouble())
	c.u.focus(copied)
}

// asksForHost asks before a sign-in whose page is on another host than its provider,
// and reports whether that is why it did not begin.
func (c *connecting) asksForHost(err error) bool {
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "other_host" || p.Host == c.options.AcceptHost {
		return false
	}
	c.pending = false
	cancel := c.cancel()
	on := c.u.button(tr("Go on"), nil, func() {
		c.options.AcceptHost = p.Host
		c.start()
	})
	c.page(c.sign(shapeAlert, theme.ColorNameWarning), c.headline(tr("The sign-in page is on another host")),
		centred(paragraph(text.Line(p.Sentence(), 0))), c.buttons(cancel, on))
	c.u.focus(cancel)
	return true
}

func (c *connecting) copied(text, said string) {
	c.u.clipboard.SetContent(text)
	c.u.say(said)
}

// showDone says what to do with it now.
func (c *connecting) showDone(s tokens.Status) {
	text, account := tr("{{.Name}} is connected", "Name", c.name), plain(s.Account)
	if providers.NamesServer(plain(s.ProviderName), account) {
		account = ""
	}
	if account != "" && c.again {
		text, account = tr("Reconnected as {{.Account}}", "Account", account), ""
	}
	objects := []fyne.CanvasObject{c.sign(shapeFine, theme.ColorNameSuccess), c.headline(text)}
	if account != "" {
		objects = append(objects, centred(paragraph(tr("Signed in as {{.Account}}.", "Account", account))))
	}
	if programs := c.u.activity.refused(c.name); c.again && len(programs) > 0 {
		objects = append(objects, centred(paragraph(trn("{{.Count}} programs asked for its token in vain and can try again: {{.Names}}", len(programs),
			"Names", strings.Join(programs[:min(len(programs), listedAtOnce)], ", ")))))
	}
	command := "authtray token " + c.name
	mono := newLine(command)
	mono.style.Monospace = true
	copied := c.u.button(tr("Copy"), theme.ContentCopyIcon(), func() { c.copied(command, tr("Command copied.")) })
	done := c.u.button(tr("Done"), nil, c.leave).primary()
	c.page(append(objects, card(tr("Your tools get its token with"), container.NewBorder(nil, nil, nil, copied, middled(mono))), c.buttons(done))...)
	c.u.focus(done)
}

// showOther asks before tools silently act as someone else.
func (c *connecting) showOther(p *client.Problem) {
	before := plain(c.u.model.all[c.name].Account)
	keep := c.u.button(tr("Keep {{.Account}}", "Account", before), nil, c.leave)
	if before == "" {
		keep.SetText(tr("Keep the account"))
	}
	take := c.u.button(tr("Use the new account"), nil, c.accept).primary()
	c.page(c.waits(), c.headline(tr("That is another account")),
		centred(paragraph(foreign(p.Sentence()))), centred(small(tr("Tools that use {{.Name}} would act as the new account from now on.", "Name", c.name))), c.buttons(keep, take))
	c.u.focus(keep)
}
