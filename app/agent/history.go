package agent

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// history is what happened to each connection, also before the agent started: the
// last events, in the state folder (history/NAME.json), which holds no token and
// nothing that a provider said in its own words. It goes with its connection.
type history struct {
	manager *tokens.Manager
	records config.Records[[]tokens.Event]
	check   func(name string) // asks the provider by renewing a token; it does not wait
	log     *slog.Logger

	mu  sync.Mutex
	all map[string]*past
}

// past is one connection's history.
type past struct {
	events []tokens.Event // oldest first
	taken  tokens.Event   // the manager's event that was taken last
	unsaid bool           // events is not on disk yet
	check  bool           // it counts as connected, and its settings were refused before
}

// Bounds of what is kept of each connection.
const (
	keptEvents = 50
	keptDetail = 300 // characters
)

// newHistory reads what is kept when a connection is asked for first.
func newHistory(m *tokens.Manager, state string, check func(name string), log *slog.Logger) *history {
	return &history{manager: m, check: check, records: config.NewRecords[[]tokens.Event](state, "history"), log: log, all: map[string]*past{}}
}

// of are the events of a connection, oldest first.
func (h *history) of(name string) []tokens.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	st, err := h.manager.Status(name)
	if err != nil {
		return nil
	}
	return slices.Clone(h.take(st).events)
}

// take adds the manager's new events to a connection's history. The caller holds mu,
// also while it asked the manager: an older status has events that were taken before.
func (h *history) take(st tokens.Status) *past {
	p := h.all[st.Name]
	if p == nil {
		p = &past{}
		events, _, err := h.records.Load(st.Name)
		if err != nil {
			h.log.Warn("a connection's history cannot be read, so it begins anew", "connection", st.Name, "err", err)
		}
		p.events = events
		h.all[st.Name] = p
	}
	for _, e := range st.Events[slices.Index(st.Events, p.taken)+1:] {
		first := p.taken == tokens.Event{}
		p.taken, p.check = e, p.check || first && p.refusedBefore(e)
		if first && p.resumes(e) {
			continue
		}
		e.Detail = text.Line(e.Detail, keptDetail)
		p.events, p.unsaid = append(p.events, e), true
	}
	p.events = p.events[max(0, len(p.events)-keptEvents):]
	return p
}

// resumes reports whether the first event since the agent started only says how the
// connection was before: the manager tells it of each record that it has read. A
// record says nothing of settings that the provider refused, so that such a
// connection counts as connected until the provider is asked again.
func (p *past) resumes(e tokens.Event) bool {
	was := p.last()
	return was.What == e.What && was.Reason == e.Reason || p.refusedBefore(e)
}

func (p *past) refusedBefore(e tokens.Event) bool {
	was := p.last()
	return e.What == tokens.EventKind(tokens.Connected) && was.What == tokens.EventKind(tokens.Misconfigured) && was.Reason != tokens.ReasonConfiguration
}

// last is the last change of state.
func (p *past) last() tokens.Event {
	for _, e := range slices.Backward(p.events) {
		if e.What != tokens.EventRefreshed && e.What != tokens.EventRejected && e.What != tokens.EventConnectFailed {
			return e
		}
	}
	return tokens.Event{}
}

// follow writes the histories of connections that change, until ctx ends, and first
// what is not written yet.
func (h *history) follow(ctx context.Context, changes api.Changes) {
	h.saveAll()
	for {
		names, err := changes.Wait(ctx)
		if err != nil {
			return
		}
		for _, name := range names {
			h.save(name)
		}
	}
}

func (h *history) saveAll() {
	for _, st := range h.manager.List() {
		h.save(st.Name)
	}
}

// save writes a connection's history where there is something new, and removes that
// of one that is gone.
func (h *history) save(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	st, err := h.manager.Status(name)
	if err != nil {
		delete(h.all, name)
		if err := h.records.Remove(name); err != nil {
			h.log.Warn("the history of a removed connection cannot be forgotten", "connection", name, "err", err)
		}
		return
	}
	p := h.take(st)
	if p.check {
		p.check = false
		h.check(name)
	}
	if !p.unsaid {
		return
	}
	p.unsaid = false // not tried again before the next event
	if err := h.records.Save(name, p.events); err != nil {
		h.log.Warn("a connection's history cannot be kept", "connection", name, "err", err)
	}
}

// forgetRemoved removes the histories of connections that are gone.
func (h *history) forgetRemoved() {
	for _, name := range h.records.Names() {
		if _, err := h.manager.Status(name); err != nil {
			h.save(name)
		}
	}
}
