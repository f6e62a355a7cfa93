package window

import (
	"cmp"
	"slices"
	"strings"

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

// listed is what the list shows: those that need the user first, then those with a
// token, then the rest, each by name, and only those that match the filter.
func (m *model) listed(filter string) []tokens.Status {
	var out []tokens.Status
	for _, s := range m.all {
		if matches(s, filter) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b tokens.Status) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.Name, b.Name))
	})
	return out
}

func rank(s tokens.Status) int {
	switch {
	case lookOf(s.State).needs:
		return 0
	case s.State == tokens.Disconnected:
		return 2
	}
	return 1
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

// needing counts the connections that wait for their user.
func (m *model) needing() int {
	n := 0
	for _, s := range m.all {
		if rank(s) == 0 {
			n++
		}
	}
	return n
}
