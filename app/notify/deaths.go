package notify

import (
	"time"

	"github.com/authtray/authtray/tokens"
)

// death is one announcement and what became of it.
type death struct {
	status tokens.Status
	act    func()

	mark  uint64    // of the notification shown last; 0: none yet
	since time.Time // when it was shown
	acted bool      // its button was pressed
	over  bool      // pressed, or put away
	shown bool      // by the notification server of now
}

// wants says whether it is to be put on the screen.
func (d *death) wants() bool { return !d.shown && !d.over }

// run is the one goroutine that speaks to the desktop.
func (n *Notifier) run(makeDesk func() desk) {
	defer close(n.done)
	r := &runner{Notifier: n, desk: makeDesk(), visible: map[string]bool{}, asking: map[*asking]bool{}}
	defer r.desk.close()
	for {
		due, cancel := r.reminder()
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
	desk    desk
	visible map[string]bool // handed to the desk and not withdrawn
	asking  map[*asking]bool
	marks   uint64
}

// step takes in what happened and puts the screen right.
func (r *runner) step() {
	for _, e := range r.takeEvents() {
		switch {
		case e.asking != nil:
			r.question(e)
		case e.banner == nil:
			r.happened(e)
		default:
			if err := r.desk.banner(*e.banner); err != nil {
				r.opts.Log.Info("a notification could not be shown", "err", err)
			}
		}
	}
	r.remind()
	for name := range r.visible {
		if !r.wanted(name) {
			r.desk.withdraw(name)
			delete(r.visible, name)
		}
	}
	for _, s := range r.toShow() {
		r.visible[s.name] = true
		if err := r.desk.show(s.name, s.mark, s.message); err != nil {
			r.opts.Log.Warn("a notification could not be shown", "connection", s.name, "err", err)
		}
	}
}

// happened is the table of what becomes of an announcement. A mark that is not
// the present one speaks of a notification that was replaced.
func (r *runner) happened(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.kind == renewed {
		for _, d := range r.deaths {
			d.shown = false
		}
		return
	}
	d := r.deaths[e.name]
	if d == nil || d.mark != e.mark {
		return
	}
	if e.kind == pressed && !d.acted {
		d.acted = true
		go d.act()
	}
	d.over = true
}

type showing struct {
	name string
	mark uint64
	message
}

// toShow marks as shown, and returns, what is not on the screen and should be.
func (r *runner) toShow() []showing {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []showing
	for name, d := range r.deaths {
		if !r.enabled || !d.wants() {
			continue
		}
		r.marks++
		d.mark, d.shown, d.since = r.marks, true, r.opts.Clock.Now()
		list = append(list, showing{name, d.mark, deathMessage(d.status)})
	}
	return list
}

func (r *runner) wanted(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.deaths[name]
	return d != nil && r.enabled && !d.over
}

func (r *runner) withdrawAll() {
	for name := range r.visible {
		r.desk.withdraw(name)
	}
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
func (n *Notifier) setHealth(capability, detail string) {
	n.mu.Lock()
	same := n.health == health{capability, detail}
	n.health = health{capability, detail}
	n.mu.Unlock()
	if !same && detail != "" {
		n.opts.Log.Info("notifications are limited", "notifications", capability, "detail", detail)
	}
}
