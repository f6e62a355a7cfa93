package notify

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"slices"

	"github.com/esiqveland/notify"
	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens/store/sessionbus"
)

// listen takes in the server's signals until the connection is closed, by us or
// by a bus that ends. That is the end of this desk: what was on the screen is
// taken for lost, and must not be said to be there.
func (d *freedesktop) listen(signals <-chan *dbus.Signal) {
	for sig := range signals {
		d.heard(sig)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone { // we closed it
		return
	}
	d.gone = true
	d.forget()
	d.to.setHealth(api.NotificationNone, lostBusDetail)
	d.postTaken()
	d.to.post(event{kind: ended})
}

// heard reads one signal. Signals about other programs' notifications come too,
// and anybody may send one that looks like the server's: only the present
// server is believed, and only about ids of ours.
func (d *freedesktop) heard(sig *dbus.Signal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if owner, ok := sessionbus.NewOwner(sig, serverName); ok {
		d.changed(owner)
		return
	}
	if sig.Sender != d.owner || len(sig.Body) != 2 {
		return
	}
	id, ok := sig.Body[0].(uint32)
	if a := d.asked[id]; ok && a != nil {
		d.heardAnswer(a, id, sig)
		return
	}
	name, shown := d.find(id)
	if !ok || shown == nil {
		return
	}
	switch sig.Name {
	case serverName + ".ActionInvoked":
		if key, _ := sig.Body[1].(string); key == actionDefault || key == actionReconnect {
			d.to.post(event{kind: pressed, name: name, mark: shown.mark})
		}
	case serverName + ".NotificationClosed":
		shown.closed = true
		if reason, _ := sig.Body[1].(uint32); reason == closedByUser {
			d.to.post(event{kind: dismissed, name: name, mark: shown.mark})
		}
	}
}

func (d *freedesktop) find(id uint32) (string, *onScreen) {
	for name, s := range d.ids {
		if s.id == id {
			return name, s
		}
	}
	return "", nil
}

// changed follows the server's name. Ids die with the server that gave them, and
// so does what it showed; it is shown again by the next one, and not before: who
// asked for it now might start another server than the desktop's own. A banner
// without a button goes by itself and is not repeated.
func (d *freedesktop) changed(owner string) {
	if owner == d.owner {
		return
	}
	d.owner = owner
	d.forget()
	d.report()
	if owner != "" {
		d.postTaken()
		d.to.post(event{kind: renewed})
	}
}

// forget drops what was shown by a server that is gone.
func (d *freedesktop) forget() {
	for name, s := range d.ids {
		d.taken = append(d.taken, event{kind: lost, name: name, mark: s.mark})
	}
	clear(d.ids)
	clear(d.told)
	d.dropQuestions()
}

func (d *freedesktop) postTaken() {
	for _, e := range d.taken {
		d.to.post(e)
	}
	d.taken = nil
}

// capabilities asks the server, which the bus starts if it can, what it can do.
// No answer is no capability; where a server came in that moment, it is asked.
func (d *freedesktop) capabilities() map[string]bool {
	can := map[string]bool{}
	if d.absent() {
		return can
	}
	for range 2 {
		was := d.owner
		list, err := d.ability(was)
		for _, c := range list {
			can[c] = true
		}
		d.changed(d.askOwner()) // the signal that says so may come later
		d.learned(was, list, err)
		if err == nil || d.owner == "" || d.owner == was {
			break
		}
	}
	return can
}

// ability asks the server what it can do, and does not wait for ever: an answer
// that comes later still says how notifications can be shown.
func (d *freedesktop) ability(owner string) ([]string, error) {
	answer := make(chan []string, 1)
	err := within(d.patience, func() error {
		list, err := notify.GetCapabilities(d.conn)
		if err != nil {
			list = nil
		}
		answer <- list
		return err
	})
	if err == errSlow {
		go func() {
			if list := <-answer; list != nil {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.learned(owner, list, nil)
			}
		}()
		return nil, err
	}
	return <-answer, err
}

// learned keeps what a server said of itself, unless it is another one now.
func (d *freedesktop) learned(owner string, list []string, err error) {
	switch {
	case d.gone || owner == "" || d.owner != owner: // somebody else's word counts now
	case err != nil:
		d.to.setHealth(api.NotificationNone, deafDetail)
	case slices.Contains(list, "actions"):
		d.to.setHealth(api.NotificationActions, "")
	default:
		d.to.setHealth(api.NotificationPlain, plainDetail)
	}
}

// report says how notifications can be shown. It starts no server: at login
// that could be another than the desktop's own.
func (d *freedesktop) report() {
	if d.owner == "" {
		if d.activatable() {
			d.to.setHealth(api.NotificationPlain, atNeedDetail)
		} else {
			d.to.setHealth(api.NotificationNone, noServerDetail)
		}
		return
	}
	owner := d.owner
	go func() {
		list, err := d.ability(owner)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.learned(owner, list, err)
	}()
}

// ClickOnly are the servers that show no buttons though they know actions, by the
// name that they give themselves: there a click on the notification is the default
// action, and another way to the rest is a command.
var ClickOnly = []string{"mako", "fnott"}

// hidesButtons: the server that is there shows none. The caller holds mu.
func (d *freedesktop) hidesButtons() bool {
	if d.nameOf != d.owner {
		d.nameOf, d.name = d.owner, ""
		answer := make(chan string, 1)
		if within(d.patience, func() error {
			info, err := notify.GetServerInformation(d.conn)
			answer <- info.Name
			return err
		}) == nil {
			d.name = <-answer
		}
	}
	return slices.Contains(ClickOnly, d.name)
}

// askOwner is the server that the bus names; "": there is none. A bus that is
// slow to say it has not said that there is none.
func (d *freedesktop) askOwner() string {
	answer := make(chan string, 1)
	err := bounded(func() error {
		var owner string
		err := d.conn.BusObject().Call("org.freedesktop.DBus.GetNameOwner", 0, serverName).Store(&owner)
		answer <- owner
		return err
	})
	switch err {
	case nil:
		return <-answer
	case errSlow:
		return d.owner
	default:
		return ""
	}
}

func (d *freedesktop) activatable() bool {
	var names []string
	err := bounded(func() error {
		return d.conn.BusObject().Call("org.freedesktop.DBus.ListActivatableNames", 0).Store(&names)
	})
	return err == nil && slices.Contains(names, serverName)
}

// picture decodes an icon of ours for the image-data hint.
func picture(icon []byte) (*image.RGBA, error) {
	img, err := png.Decode(bytes.NewReader(icon))
	if err != nil {
		return nil, err
	}
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Src)
	return out, nil
}
