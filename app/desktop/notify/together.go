package notify

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// Sign-ins often end together: a password was changed, a company ended all. Two stand
// alone; from the third within togetherTime they are one notification, which names
// them. It is reduced as they are connected again, and goes with the last.
const (
	togetherFrom = 3
	togetherTime = 30 * time.Second
)

// togetherName is the name of that notification. No connection has it.
const togetherName = " together"

// OnShow sets what the button of a notification that stands for several sign-ins
// does: it opens the window. Without one there is no button. Call it before the
// first announcement.
func (n *Notifier) OnShow(open func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.show = open
}

// combineDeaths puts deaths of the same time into one, and follows those that are in it.
func (r *runner) combineDeaths() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.opts.Clock.Now()
	var recent []*death
	joins := false
	for _, d := range r.deaths {
		if age := now.Sub(d.at); d.of == nil && !d.over && age >= 0 && age < togetherTime {
			recent = append(recent, d)
			joins = joins || d.inside
		}
	}
	if joins || len(recent) >= togetherFrom {
		for _, d := range recent {
			d.inside = true
		}
	}
	members := map[string]tokens.Status{}
	for name, d := range r.deaths {
		if d.inside && !d.over {
			members[name] = d.status
		}
	}
	was := r.deaths[togetherName]
	switch {
	case len(members) == 0:
		delete(r.deaths, togetherName)
	case was == nil || !maps.EqualFunc(was.of, members, func(a, b tokens.Status) bool { return a.Detail == b.Detail }):
		d := &death{status: tokens.Status{Name: togetherName}, of: members, act: r.Notifier.show}
		d.over = was != nil && was.over && areAmong(members, was.of) // put away: fewer of them is no news
		r.deaths[togetherName] = d
	}
}

func areAmong(some, all map[string]tokens.Status) bool {
	for name, st := range some {
		if was, ok := all[name]; !ok || was.Detail != st.Detail {
			return false
		}
	}
	return true
}

// message is what a death's notification says.
func (d *death) message(l *lang.Language) message {
	if d.of == nil {
		return deathMessage(d.status, l)
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(d.of)) {
		names = append(names, Named(d.of[name]))
	}
	who := strings.Join(names, ", ")
	m := message{title: text.Line(l.Count("{{.Count}} sign-ins ended: {{.Names}}", len(names), "Names", who), maxTitle), warning: true, together: true}
	if d.act != nil {
		m.body, m.button = l.Tr("Reconnect them in Authtray's window."), l.Tr("Show")
		m.menu = l.Tr("Choose “{{.Entry}}” in the menu of the Authtray icon.", "Entry", l.Tr("Open Authtray…"))
	} else {
		m.body = text.Line(l.Tr("Reconnect them in the menu of the Authtray icon: {{.Names}}.", "Names", who), maxBody)
	}
	return m
}

// told are the deaths that a notification which could be seen tells of.
func (d *death) told() []tokens.Status {
	if d.of == nil {
		return []tokens.Status{d.status}
	}
	return slices.Collect(maps.Values(d.of))
}
