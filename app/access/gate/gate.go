package gate

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/lang"
)

// Asker shows a question and waits for its answer: notify.Notifier.
type Asker interface {
	// Ask returns the key of the answer, "" where the question was put away, or
	// notify.ErrCannotAsk.
	Ask(ctx context.Context, q notify.Question) (string, error)
}

// denyCooldown is how long a program is not asked about again after a no.
const denyCooldown = time.Minute

// Gate decides who may read. Safe for concurrent use.
type Gate struct {
	memory   Memory
	asker    Asker // nil: nobody can be asked
	log      *slog.Logger
	language *lang.Language                 // of questions
	named    func(connection string) string // what a question calls it
	now      func() time.Time
	sums     sums

	mu      sync.Mutex
	once    map[key]bool      // answers about a process
	refused map[who]time.Time // no was said, about a program
	pending map[key]*pending
}

// key is one process of which one connection's token was asked.
type key struct {
	connection, start, runs string
	pid                     int
}

// who is a program, whichever process runs it.
type who struct{ connection, runs string }

// pending is a question on the screen.
type pending struct {
	waiting int
	cancel  context.CancelFunc
	done    chan struct{}
	err     error // once done
}

// New makes a gate with the memory of a state folder.
func New(state string, asker Asker, log *slog.Logger, language *lang.Language) *Gate {
	return &Gate{memory: NewMemory(state), asker: asker, log: log, language: language, now: time.Now,
		named: func(connection string) string { return connection },
		once:  map[key]bool{}, refused: map[who]time.Time{}, pending: map[key]*pending{}}
}

// Named sets what a question calls a connection, instead of its name alone. It is to be
// called before Admit.
func (g *Gate) Named(named func(connection string) string) { g.named = named }

// Admit returns nil where the caller may read the connection's token, asking
// the user if need be. The error is a *tokens.Error: not_allowed, or timeout
// where ctx ended before there was an answer.
func (g *Gate) Admit(ctx context.Context, connection string, peer api.Peer) error {
	return g.admit(ctx, connection, peer, false)
}

// AdmitChange is Admit for a caller that wants to change the connection's settings:
// the same leave, asked for in other words.
func (g *Gate) AdmitChange(ctx context.Context, connection string, peer api.Peer) error {
	return g.admit(ctx, connection, peer, true)
}

func (g *Gate) admit(ctx context.Context, connection string, peer api.Peer, changes bool) error {
	s, err := g.sums.about(peer)
	if err != nil {
		return changed(connection, subject{Program: Program{PID: peer.PID}, weak: true})
	}
	if s.ours {
		return nil
	}
	s.changes = changes
	allowed, was := g.remembered(connection, s)
	if allowed {
		return nil
	}
	k := key{connection, s.Start, s.runs(), s.PID}
	g.mu.Lock()
	yes, answered := g.once[k]
	if no := g.refused[who{connection, s.runs()}]; !answered && g.now().Sub(no) < denyCooldown {
		answered = true
	}
	if answered {
		g.mu.Unlock()
		return outcome(yes, connection, s)
	}
	p := g.join(k, connection, s, was)
	g.mu.Unlock()
	return g.await(ctx, p, k, connection, s)
}

func outcome(yes bool, connection string, s subject) error {
	if yes {
		return nil
	}
	return denied(connection, s)
}

// remembered says whether the program was allowed for good, and else whether
// another one at its path was.
func (g *Gate) remembered(connection string, s subject) (allowed, was bool) {
	if s.weak {
		return false, false
	}
	all, err := g.memory.Load(connection)
	if err != nil {
		g.log.Warn("what was allowed cannot be read, so it is asked again", "connection", connection, "err", err)
	}
	for _, a := range all {
		if a.Exe == s.Exe {
			return a.Sum == s.Sum, true
		}
	}
	return false, false
}

// join takes up the question about the process, or asks it. The caller holds mu.
func (g *Gate) join(k key, connection string, s subject, was bool) *pending {
	p := g.pending[k]
	if p == nil {
		ctx, cancel := context.WithCancel(context.Background())
		p = &pending{cancel: cancel, done: make(chan struct{})}
		g.pending[k] = p
		go g.askUser(ctx, p, k, connection, s, was)
	}
	p.waiting++
	return p
}

func (g *Gate) await(ctx context.Context, p *pending, k key, connection string, s subject) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.waiting--; p.waiting == 0 {
		p.cancel() // takes the question off the screen
		if g.pending[k] == p {
			delete(g.pending, k)
		}
	}
	return unanswered(connection, s)
}

func (g *Gate) askUser(ctx context.Context, p *pending, k key, connection string, s subject, was bool) {
	defer p.cancel()
	answer, err := "", notify.ErrCannotAsk
	if g.asker != nil {
		q := question(g.named(connection), s, was, g.language)
		q.About, q.English = connection, question(g.named(connection), s, was, nil).Title
		answer, err = g.asker.Ask(ctx, q)
	}
	err = g.settle(answer, err, k, connection, s)
	g.mu.Lock()
	p.err = err
	close(p.done)
	if g.pending[k] == p {
		delete(g.pending, k)
	}
	g.mu.Unlock()
}

// settle is what an answer means.
func (g *Gate) settle(answer string, err error, k key, connection string, s subject) error {
	switch {
	case errors.Is(err, context.Canceled):
		return unanswered(connection, s) // nobody waits any more
	case err != nil:
		return nobodyToAsk(connection, s)
	case answer != once && answer != always:
		g.log.Info("a program was not allowed to read a token", "connection", connection, "program", s.Exe, "pid", s.PID)
		g.note(k, connection, s, false)
		return denied(connection, s)
	}
	if now, err := g.sums.look(s.PID, s.Exe); err != nil || !now.same(s.Program) {
		return changed(connection, s)
	}
	if answer == once || s.weak || !g.keep(connection, s) {
		g.note(k, connection, s, true)
	}
	return nil
}

// keep says whether the answer has been written. What has been is not noted
// beside it, or taking it back would leave that.
func (g *Gate) keep(connection string, s subject) bool {
	err := g.memory.Add(connection, Allowed{Exe: s.Exe, Sum: s.Sum, Time: g.now().UTC().Truncate(time.Second)})
	if err != nil {
		g.log.Warn("what was allowed cannot be kept, so it will be asked again", "connection", connection, "err", err)
	}
	return err == nil
}

// maxNoted bounds how many answers about processes are kept.
const maxNoted = 1024

// note keeps an answer for as long as the process lives, at least: where there
// are many, those of processes that have ended go.
func (g *Gate) note(k key, connection string, s subject, yes bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.once) >= maxNoted {
		for old := range g.once {
			if p, err := g.sums.look(old.pid, ""); err != nil || p.Start != old.start {
				delete(g.once, old)
			}
		}
	}
	for old, at := range g.refused {
		if g.now().Sub(at) >= denyCooldown {
			delete(g.refused, old)
		}
	}
	g.once[k] = yes
	if !yes && !s.weak {
		g.refused[who{connection, s.runs()}] = g.now()
	}
}

// Forget forgets what was answered about a connection that is no more.
func (g *Gate) Forget(connection string) error {
	g.mu.Lock()
	for k := range g.once {
		if k.connection == connection {
			delete(g.once, k)
		}
	}
	for w := range g.refused {
		if w.connection == connection {
			delete(g.refused, w)
		}
	}
	g.mu.Unlock()
	return g.memory.Forget(connection)
}
