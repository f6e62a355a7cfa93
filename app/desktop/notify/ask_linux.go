package notify

import (
	"time"

	"github.com/esiqveland/notify"
	"github.com/godbus/dbus/v5"
)

// afterClosed is how long the word of a pressed button may come after the word
// that its notification was closed: some servers say so in that order.
const afterClosed = 300 * time.Millisecond

func (d *freedesktop) ask(a *asking) (later bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	can := d.capabilities()
	if !can["actions"] {
		a.reply("", ErrCannotAsk)
		return false
	}
	body := a.Body
	if !can["body-markup"] { // which a server may read all the same
		body = unmarked(body)
	}
	sole := len(a.Answers) == 1
	if sole && d.hidesButtons() {
		body = d.language.Tr("Click here: {{.Answer}}.", "Answer", a.Answers[0].Label) + " " + body
	}
	note := compose(message{title: unmarked(a.Title), body: body, warning: true}, can["body-markup"])
	if a.Quiet {
		note.SetUrgency(notify.UrgencyNormal)
	}
	if sole {
		note.Actions = append(note.Actions, notify.Action{Key: actionDefault})
	}
	for _, b := range a.Answers { // of several none is the default: a stray click answers nothing
		note.Actions = append(note.Actions, notify.Action{Key: b.Key, Label: b.Label})
	}
	note.ExpireTimeout = notify.ExpireTimeoutNever
	id, err := d.send(note)
	if err != nil {
		a.reply("", ErrCannotAsk)
		return false
	}
	d.asked[id] = a
	return true
}

func (d *freedesktop) unask(a *asking) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, other := range d.asked {
		if other != a {
			continue
		}
		delete(d.asked, id)
		d.closeNotification(id)
	}
}

// heardAnswer takes the server's word about a question. The caller holds mu.
func (d *freedesktop) heardAnswer(a *asking, id uint32, sig *dbus.Signal) {
	switch sig.Name {
	case serverName + ".ActionInvoked":
		key, _ := sig.Body[1].(string)
		if key == actionDefault && len(a.Answers) == 1 {
			key = a.Answers[0].Key
		}
		if a.offers(key) {
			delete(d.asked, id)
			a.reply(key, nil)
			// Most servers close it themselves; the others must not leave it there.
			go d.server().Call(serverName+".CloseNotification", dbus.FlagNoAutoStart|dbus.FlagNoReplyExpected, id)
		}
	case serverName + ".NotificationClosed":
		if reason, _ := sig.Body[1].(uint32); reason == closedByTime && a.About != "" {
			return // nobody has answered, and the tray's menu asks still
		}
		time.AfterFunc(afterClosed, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.asked[id] == a {
				delete(d.asked, id)
			}
			a.reply("", nil)
		})
	}
}

// dropQuestions answers those that a server took with it. The caller holds mu.
func (d *freedesktop) dropQuestions() {
	for _, a := range d.asked {
		a.reply("", ErrCannotAsk)
	}
	clear(d.asked)
}
