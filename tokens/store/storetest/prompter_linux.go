package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	prompterPath  = dbus.ObjectPath("/org/gnome/keyring/Prompter")
	prompterIface = "org.gnome.keyring.internal.Prompter"
	callbackIface = "org.gnome.keyring.internal.Prompter.Callback"
)

// Prompter stands in for gcr-prompter, which shows gnome-keyring's dialogs, and
// for the person in front of them. It answers no question for a password by
// itself.
type Prompter struct {
	t     testing.TB
	conn  *dbus.Conn
	shown chan Dialog
}

// Dialog is a question on the screen.
type Dialog struct {
	prompter *Prompter
	to       dbus.BusObject
	exchange *exchange
}

// StartPrompter takes the place of gcr-prompter on the bus.
func (b *Bus) StartPrompter() *Prompter {
	b.t.Helper()
	p := &Prompter{t: b.t, conn: b.Connect(), shown: make(chan Dialog, 8)}
	calls := &prompterCalls{prompter: p}
	if err := p.conn.Export(calls, prompterPath, prompterIface); err != nil {
		b.t.Fatal(err)
	}
	if _, err := p.conn.RequestName("org.gnome.keyring.SystemPrompter", dbus.NameFlagDoNotQueue); err != nil {
		b.t.Fatal(err)
	}
	return p
}

// Await is the next dialog that is put on the screen.
func (p *Prompter) Await() Dialog {
	p.t.Helper()
	select {
	case d := <-p.shown:
		return d
	case <-time.After(Patience):
		p.t.Fatal("waited in vain for a dialog")
		return Dialog{}
	}
}

// Waiting is how many dialogs nobody has looked at.
func (p *Prompter) Waiting() int { return len(p.shown) }

// Answer types the password and presses Enter.
func (d Dialog) Answer(password string) {
	text, err := d.exchange.send(password)
	if err != nil {
		d.prompter.t.Error(err)
	}
	d.ready("yes", text)
}

// Dismiss presses Cancel.
func (d Dialog) Dismiss() { d.ready("no", d.exchange.begin()) }

func (d Dialog) ready(reply, text string) {
	d.to.Go(callbackIface+".PromptReady", dbus.FlagNoReplyExpected, nil, reply, map[string]dbus.Variant{}, text)
}

// prompterCalls are the methods that gnome-keyring-daemon calls. What follows
// from a call must come after its reply, and godbus replies when the method has
// returned; so each replies itself (the bus drops the second reply).
type prompterCalls struct {
	prompter  *Prompter
	exchanges sync.Map // of *exchange, by callback
}

func (c *prompterCalls) reply(call dbus.Message) {
	c.prompter.conn.Send(&dbus.Message{Type: dbus.TypeMethodReply, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldDestination: call.Headers[dbus.FieldSender],
		dbus.FieldReplySerial: dbus.MakeVariant(call.Serial()),
	}}, nil)
}

func (c *prompterCalls) BeginPrompting(callback dbus.ObjectPath, sender dbus.Sender, call dbus.Message) *dbus.Error {
	x, err := newExchange()
	if err != nil {
		return dbus.MakeFailedError(err)
	}
	c.exchanges.Store(callback, x)
	c.reply(call)
	Dialog{c.prompter, c.prompter.conn.Object(string(sender), callback), x}.ready("", x.begin())
	return nil
}

func (c *prompterCalls) PerformPrompt(callback dbus.ObjectPath, kind string, _ map[string]dbus.Variant, text string,
	sender dbus.Sender, call dbus.Message) *dbus.Error {
	known, ok := c.exchanges.Load(callback)
	if !ok {
		return dbus.NewError("org.freedesktop.DBus.Error.InvalidArgs", nil)
	}
	x := known.(*exchange)
	if err := x.receive(text); err != nil {
		return dbus.MakeFailedError(err)
	}
	c.reply(call)
	dialog := Dialog{c.prompter, c.prompter.conn.Object(string(sender), callback), x}
	if kind == "confirm" { // a new keyring's password is rated by the dialog, which we are not
		dialog.ready("yes", x.begin())
		return nil
	}
	c.prompter.shown <- dialog
	return nil
}

func (c *prompterCalls) StopPrompting(callback dbus.ObjectPath, sender dbus.Sender, call dbus.Message) *dbus.Error {
	c.reply(call)
	c.prompter.conn.Object(string(sender), callback).Go(callbackIface+".PromptDone", dbus.FlagNoReplyExpected, nil)
	return nil
}
