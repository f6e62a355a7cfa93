package storetest

import (
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
)

const (
	prompterPath  = dbus.ObjectPath("/org/gnome/keyring/Prompter")
	prompterIface = "org.gnome.keyring.internal.Prompter"
	callbackIface = "org.gnome.keyring.internal.Prompter.Callback"
)

// Prompter stands in for gcr-prompter, which shows gnome-keyring's dialogs, and
// for the person in front of them. It answers nothing by itself.
type Prompter struct {
	t     testing.TB
	conn  *dbus.Conn
	shown chan Dialog
	gone  chan struct{}
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
	p := &Prompter{t: b.t, conn: b.Connect(), shown: make(chan Dialog, 8), gone: make(chan struct{}, 8)}
	calls := &prompterCalls{prompter: p}
	if err := p.conn.Export(calls, prompterPath, prompterIface); err != nil {
		b.t.Fatal(err)
	}
	if _, err := p.conn.RequestName("org.gnome.keyring.SystemPrompter", dbus.NameFlagDoNotQueue); err != nil {
		b.t.Fatal(err)
	}
	return p
}

// Shown receives each dialog that is put on the screen.
func (p *Prompter) Shown() <-chan Dialog { return p.shown }

// Gone receives once for each dialog that was taken off the screen.
func (p *Prompter) Gone() <-chan struct{} { return p.gone }

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

// prompterCalls are the methods that gnome-keyring-daemon calls.
type prompterCalls struct {
	prompter  *Prompter
	exchanges sync.Map // of *exchange, by callback
}

func (c *prompterCalls) BeginPrompting(callback dbus.ObjectPath, sender dbus.Sender) *dbus.Error {
	x, err := newExchange()
	if err != nil {
		return dbus.MakeFailedError(err)
	}
	c.exchanges.Store(callback, x)
	Dialog{c.prompter, c.prompter.conn.Object(string(sender), callback), x}.ready("", x.begin())
	return nil
}

func (c *prompterCalls) PerformPrompt(callback dbus.ObjectPath, kind string, properties map[string]dbus.Variant, text string, sender dbus.Sender) *dbus.Error {
	known, ok := c.exchanges.Load(callback)
	if !ok {
		return dbus.NewError("org.freedesktop.DBus.Error.InvalidArgs", nil)
	}
	x := known.(*exchange)
	if err := x.receive(text); err != nil {
		return dbus.MakeFailedError(err)
	}
	c.prompter.shown <- Dialog{c.prompter, c.prompter.conn.Object(string(sender), callback), x}
	return nil
}

func (c *prompterCalls) StopPrompting(callback dbus.ObjectPath, sender dbus.Sender) *dbus.Error {
	c.prompter.conn.Object(string(sender), callback).Go(callbackIface+".PromptDone", dbus.FlagNoReplyExpected, nil)
	c.prompter.gone <- struct{}{}
	return nil
}
