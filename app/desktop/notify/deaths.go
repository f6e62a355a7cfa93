package notify

import (
	"errors"
	"math"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
)

// death is one announcement and what became of it.
type death struct {
	status tokens.Status
	act    func()
	at     time.Time                // when it was announced
	inside bool                     // it is told in the one that stands for several
	of     map[string]tokens.Status // …which is this one: those that it stands for

	mark  uint64    // of the notification tried last; 0: none yet
	since time.Time // when that was
	tried bool      // it was handed to the desk, and what comes of that is waited for
	seen  bool      // …which showed it
	fails int       // how often a server that was there did not, or went at once
	acted bool      // its button was pressed
	over  bool      // pressed, or put away
}

// wants says whether it is to be put on the screen.
func (d *death) wants() bool { return !d.tried && !d.over && !d.inside }

// run is the one goroutine that speaks to the desktop.
func (n *Notifier) run(makeDesk func() desk) {
	defer close(n.done)
	r := &runner{Notifier: n, makeDesk: makeDesk, desk: makeDesk(), visible: map[string]bool{}, gathered: map[string]*gathering{}}
	r.made = n.opts.Clock.Now()
	defer func() { r.desk.close() }()
	for {
		due, cancel := r.alarm()
		select {
		case <-n.kick:
		case <-due:
		case <-n.stop:
			cancel()
			r.withdrawAll()
			return
		}
		cancel()
		r.step()
	}
}

// runner is what only that goroutine touches.
type runner struct {
	*Notifier
	makeDesk func() desk
	desk     desk
	made     time.Time             // when the desk was
	visible  map[string]bool       // handed to the desk and not withdrawn
	gathered map[string]*gathering // banners, by kind
	marks    uint64

	revival retry // of a desk that ended
	showing retry // of what a desk that is there did not show
}

// step takes in what happened and puts the screen right.
func (r *runner) step() {
	for _, e := range r.takeEvents() {
		switch {
		case e.asking != nil:
			r.question(e)
		case e.kind == outdated:
			r.settle(e.name)
		case e.banner == nil:
			r.happened(e)
		default:
			r.showBanner(*e.banner)
		}
	}
	r.settleOld()
	r.showGathered()
	r.revive()
	r.remind()
	r.combineDeaths()
	for name := range r.visible {
		if !r.wanted(name) {
			r.desk.withdraw(name)
			delete(r.visible, name)
		}
	}
	for _, d := range r.toShow() {
		r.show(d)
	}
}

// happened is the table of what becomes of an announcement. A mark that is not
// the present one speaks of a notification that was replaced.
func (r *runner) happened(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.kind {
	case renewed:
		r.tryUnseen(maxFails)
		return
	case ended:
		r.deskEnded()
		return
	}
	d := r.deaths[e.name]
	if d == nil || d.mark != e.mark {
		return
	}
	switch {
	case e.kind == lost:
		r.lose(d)
		return
	case e.kind == pressed && !d.acted && d.act != nil:
		d.acted = true
		go d.act()
	}
	d.over = true
}

// maxFails: who failed that often waits for its time, whatever servers come: one
// that falls over what we send, and is started again for it, must not be kept busy.
// Where it showed it, and fell over that, there is no time to wait for: it would
// take everything else off the screen each time. A later death of the same
// connection is another matter.
const maxFails = 3

// stays is how long a server that did not fall over what it shows is there at least.
const stays = time.Minute

// lose lets what went with its server be shown again by the next one. The caller
// holds mu.
func (r *runner) lose(d *death) {
	if shownFor := r.opts.Clock.Now().Sub(d.since); shownFor < 0 || shownFor >= stays {
		d.fails = 0
	} else if d.fails++; d.fails >= maxFails {
		return
	}
	d.tried, d.seen = false, false
}

// tryUnseen lets what could not be shown be tried again, unless it failed too
// often. The caller holds mu.
func (r *runner) tryUnseen(fails int) {
	for _, d := range r.deaths {
		if !d.seen && d.fails < fails {
			d.tried = false
		}
	}
}

// toShow marks as tried, and returns, what is not on the screen and should be.
func (r *runner) toShow() []*death {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.showing.due(r.opts.Clock.Now()) {
		r.showing.at = time.Time{}
		r.tryUnseen(math.MaxInt)
	}
	var list []*death
	for _, d := range r.deaths {
		if !r.enabled || !d.wants() {
			continue
		}
		r.marks++
		d.mark, d.tried, d.since = r.marks, true, r.opts.Clock.Now()
		list = append(list, d)
	}
	return list
}

// show hands one to the desk, and says so if it could be seen. Where there is a
// server that did not show it, it is tried again after a while.
func (r *runner) show(d *death) {
	name := d.status.Name
	r.visible[name] = true
	err := r.desk.show(name, d.mark, d.message(r.opts.Language))
	if err != nil {
		r.opts.Log.Warn("a notification could not be shown", "connection", name, "err", err)
	}
	r.mu.Lock()
	d.seen = err == nil
	switch {
	case err == nil:
		r.showing.times = 0
	case !errors.Is(err, errNobody):
		d.fails++
		r.showing.failed(r.opts.Clock.Now(), firstShowing, lastShowing)
	}
	tell := r.onShown
	if r.deaths[name] != d {
		tell = nil // it was replaced or withdrawn meanwhile
	}
	r.mu.Unlock()
	if err == nil && tell != nil {
		for _, st := range d.told() {
			tell(st)
		}
	}
}

func (r *runner) wanted(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.deaths[name]
	return d != nil && r.enabled && !d.over && !d.inside
}

func (r *runner) withdrawAll() {
	for name := range r.visible {
		r.desk.withdraw(name)
	}
	r.settleAll()
	r.withdrawQuestions()
}

func (n *Notifier) takeEvents() []event {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := n.events
	n.events = nil
	return taken
}

func (n *Notifier) post(e event) {
	n.change(func() { n.events = append(n.events, e) })
}

// setHealth keeps how notifications can be shown, and says in the log, once,
// that they cannot be shown well.
func (n *Notifier) setHealth(state api.NotificationState, detail string) {
	n.mu.Lock()
	same := n.health == health{state, detail}
	n.health = health{state, detail}
	n.mu.Unlock()
	if !same && detail != "" {
		n.opts.Log.Info("notifications are limited", "notifications", state, "detail", detail)
	}
}

// reminderCheck is how long a reminder may be late: timers stop while the
// machine sleeps, so the wall clock is asked now and then.
const reminderCheck = 10 * time.Minute

// remind lets announcements that are old enough be made again, whatever became
// of the last ones: what was begun by a button has not ended well.
func (r *runner) remind() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.reminders {
		return
	}
	now := r.opts.Clock.Now()
	for _, d := range r.deaths {
		if d.mark != 0 && now.Sub(d.since) >= reminderAfter {
			d.tried, d.seen, d.over, d.acted = false, false, false, false
		}
	}
}
