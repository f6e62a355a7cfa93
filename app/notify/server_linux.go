package notify

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"slices"

	"github.com/esiqveland/notify"
	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/bus"
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
	d.to.setHealth(None, lostBusDetail)
	d.postTaken()
	d.to.post(event{kind: ended})
}

// heard reads one signal. Signals about other programs' notifications come too,
// and anybody may send one that looks like the server's: only the present
// server is believed, and only about ids of ours.
func (d *freedesktop) heard(sig *dbus.Signal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if owner, ok := bus.NewOwner(sig, serverName); ok {
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
		var list []string
		err := bounded(func() (err error) { list, err = notify.GetCapabilities(d.conn); return })
		for _, c := range list {
			can[c] = true
		}
		was := d.owner
		d.changed(d.askOwner()) // the signal that says so may come later
		if err == nil || d.owner == "" || d.owner == was {
			break
		}
	}
	return can
}

// report says how notifications can be shown. It starts no server: at login
// that could be another than the desktop's own.
func (d *freedesktop) report() {
	if d.owner == "" {
		if d.activatable() {
			d.to.setHealth(Plain, atNeedDetail)
		} else {
			d.to.setHealth(None, noServerDetail)
		}
		return
	}
	owner := d.owner
	go func() {
		var list []string
		err := bounded(func() (err error) { list, err = notify.GetCapabilities(d.conn); return })
		d.mu.Lock()
		defer d.mu.Unlock()
		switch {
		case d.gone || d.owner != owner: // somebody else's word counts now
		case err != nil:
			d.to.setHealth(None, deafDetail)
		case slices.Contains(list, "actions"):
			d.to.setHealth(WithActions, "")
		default:
			d.to.setHealth(Plain, plainDetail)
		}
	}()
}

func (d *freedesktop) askOwner() string {
	var owner string
	if err := bounded(func() error {
		return d.conn.BusObject().Call("org.freedesktop.DBus.GetNameOwner", 0, serverName).Store(&owner)
	}); err != nil {
		return "" // nobody
	}
	return owner
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
