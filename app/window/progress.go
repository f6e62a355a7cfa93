package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/tokens"
)

// showWaiting: the browser is open, the answer is awaited.
func (c *connecting) showWaiting() {
	c.until = caption("")
	c.until.align = fyne.TextAlignCenter
	again := c.u.button(tr("Open the browser again"), nil, func() { c.u.open(c.attempt.URL) })
	link := c.u.button(tr("Copy link"), theme.ContentCopyIcon(), func() { c.copied(c.attempt.URL, tr("Link copied. Open it in any browser on this machine.")) })
	cancel := c.cancel()
	c.page(c.waits(), c.headline(tr("Waiting for your browser…")),
		centred(paragraph(tr("Sign in at {{.Provider}} and agree there. This page goes on by itself.", "Provider", plain(c.entry.Name)))),
		c.buttons(again, link, cancel), c.until, c.pasteCard())
	c.u.focus(cancel)
}

// pasteCard is the way on where the browser cannot come back by itself.
func (c *connecting) pasteCard() fyne.CanvasObject {
	title, text := tr("Did the browser not come back?"), tr("Copy the whole address it ended on, also when the page shows an error, and paste it here.")
	if c.entry.Redirect.Host == "https_only" {
		title, text = tr("Then paste the address here"), tr("{{.Provider}} only sends the browser to a web address. When it has, copy the whole address from the address bar.", "Provider", plain(c.entry.Name))
	}
	at := c.u.newField("", "", "", c.u.entry("http://127.0.0.1…"))
	at.OnSubmitted = func(string) { c.paste(at) }
	on := c.u.button(tr("Continue"), nil, func() { c.paste(at) })
	return card(title, inLine(small(text)), container.NewBorder(nil, nil, nil, container.NewVBox(on), at.object))
}

// showCode: a code is typed in on any device (RFC 8628).
func (c *connecting) showCode() {
	c.until = caption("")
	c.until.align = fyne.TextAlignCenter
	code := newLine(plain(c.attempt.UserCode)).bold().sized(sizeCode)
	code.style.Monospace = true
	code.align = fyne.TextAlignCenter
	copied := c.u.button(tr("Copy code"), theme.ContentCopyIcon(), func() { c.copied(c.attempt.UserCode, tr("Code copied.")) })
	again := c.u.button(tr("Open the page again"), nil, func() { c.u.open(c.attempt.URL) })
	cancel := c.cancel()
	c.page(c.waits(), c.headline(tr("Enter this code at {{.Provider}}", "Provider", plain(c.entry.Name))),
		container.NewStack(newGround(colorCard, colorCardEdge), padded(18, code)), c.until,
		centred(small(plain(c.attempt.URL))), c.buttons(copied, again, cancel))
	c.u.focus(copied)
}

func (c *connecting) copied(text, said string) {
	c.u.clipboard.SetContent(text)
	c.u.say(said)
}

// showDone says what to do with it now.
func (c *connecting) showDone(s tokens.Status) {
	text := tr("{{.Name}} is connected", "Name", c.name)
	objects := []fyne.CanvasObject{c.sign(shapeFine, theme.ColorNameSuccess), c.headline(text)}
	if account := plain(s.Account); account != "" {
		objects = append(objects, centred(paragraph(tr("Signed in as {{.Account}}.", "Account", account))))
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
func (c *connecting) showOther(p *remote.Problem) {
	before := plain(c.u.model.all[c.name].Account)
	keep := c.u.button(tr("Keep {{.Account}}", "Account", before), nil, c.leave)
	if before == "" {
		keep.SetText(tr("Keep the account"))
	}
	take := c.u.button(tr("Use the new account"), nil, c.accept).primary()
	c.page(c.sign(shapeAlert, theme.ColorNameWarning), c.headline(tr("That is another account")),
		centred(paragraph(plain(p.Error()))), centred(small(tr("Tools that use {{.Name}} would act as the new account from now on.", "Name", c.name))), c.buttons(keep, take))
	c.u.focus(keep)
}
