package window

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/tokens"
)

// model is the connections as the event stream told them.
type model struct {
	all  map[string]tokens.Status
	seen map[string]bool // since the stream was opened last
}

func newModel() *model { return &model{all: map[string]tokens.Status{}, seen: map[string]bool{}} }

// opened starts a new stream.
func (m *model) opened() { m.seen = map[string]bool{} }

// settle takes the list that was asked for when the stream opened. What the
// stream told of since is newer than the list.
func (m *model) settle(list []tokens.Status) {
	listed := map[string]bool{}
	for _, s := range list {
		listed[s.Name] = true
		if !m.seen[s.Name] {
			m.all[s.Name] = s
		}
	}
	for name := range m.all {
		if !listed[name] && !m.seen[name] {
			delete(m.all, name)
		}
	}
}

func (m *model) apply(e remote.Event) {
	m.seen[e.Status.Name] = true
	if e.Removed {
		delete(m.all, e.Status.Name)
		return
	}
	m.all[e.Status.Name] = e.Status
}

func (m *model) has(name string) bool {
	_, ok := m.all[name]
	return ok
}

// listed is what the list shows, in its groups, each by name, and only those that
// match the filter.
func (m *model) listed(filter string, now time.Time) []tokens.Status {
	var out []tokens.Status
	for _, s := range m.all {
		if matches(s, filter) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b tokens.Status) int {
		return cmp.Or(cmp.Compare(groupOf(a, now), groupOf(b, now)), strings.Compare(a.Name, b.Name))
	})
	return out
}

// group is a part of the list, from top to bottom.
type group int

const (
	needsYou group = iota
	inUse
	notConnected
)

// heading is what stands above a group.
func (g group) heading() string {
	return [...]string{tr("Needs you"), tr("Connected"), tr("Not connected")}[g]
}

func groupOf(s tokens.Status, now time.Time) group {
	switch {
	case lookAt(s, now).needs:
		return needsYou
	case s.State == tokens.Disconnected, s.State == tokens.Connecting && s.RefreshedAt == nil: // the first time
		return notConnected
	}
	return inUse
}

// matches reports whether every word of the filter occurs somewhere.
func matches(s tokens.Status, filter string) bool {
	text := strings.ToLower(strings.Join([]string{s.Name, s.Provider, s.ProviderName, s.Account, string(s.State), word(s.State)}, " "))
	for word := range strings.FieldsSeq(strings.ToLower(filter)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// needing counts the connections that need their user.
func (m *model) needing(now time.Time) int {
	n := 0
	for _, s := range m.all {
		if groupOf(s, now) == needsYou {
			n++
		}
	}
	return n
}
