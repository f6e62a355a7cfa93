package tokens

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens/store"
)

// This file is a Manager in the simulated world: goroutines, queue, callers and
// subscribers are real, and so is the provider's client; the store, the notes, the
// clock and the network under the client are the world's. Each of their operations
// is handed to the world, which lets them go on one at a time, and waits after each
// until every goroutine waits again.

// simManager is a process whose Manager runs the machine.
type simManager struct {
	a    *simAgent
	m    *Manager
	k    *conn
	stop context.CancelFunc
	gone chan struct{} // closed when the process is gone

	mu     sync.Mutex
	posted []any         // *asked, *simHeard, *simAlarm, func(): what the goroutines want of the world
	notify chan struct{} // …there is something

	began   time.Time     // of the bubble's clock, which stands still in suspend
	offset  atomic.Int64  // what the wall clock has more than that
	reached atomic.Bool   // requests leave this machine
	changed chan struct{} // Store.Changed
	frozen  []*simAlarm   // fired while the machine slept
	homes   [2]*providers.Client
	moved   bool   // the configuration that the Manager has leads elsewhere
	saw     Status // what a subscriber was told last

	compares string // the event for which a goroutine reads the record, as the next thing
	writable bool   // the store was not locked when it was asked for the last probe: it may be when that is sent
}

// simAlarm is a timer of the Manager's.
type simAlarm struct {
	d       time.Duration
	fired   chan time.Time
	stopped atomic.Bool
	at      time.Duration // in monotonic time
}

// userAsks is the key of the context of what is done for the user; the value is the
// event that it leads to.
type userAsks struct{}

// simEntry is the provider's entry. What is true in one life only is an override.
const simEntry = `
id = "sim"
name = "Provider"
authorize = "https://id.example/authorize"
token = "https://id.example/token"
[client]
auth = "none"
secret = "none"
[errors]
reconnect = ["* consent_required"]
[[errors.refused]]
rule = "400 error=invalid_grant error_description=not from here*"
refuses = "renewals from here"
[whoami]
url = "https://id.example/me"
label = ["name"]
[revoke]
url = "https://id.example/revoke"
style = "rfc7009"
token = "access"
auth = "none"
`

// simCatalogue is read once: it holds nothing that differs from life to life.
var simCatalogue = sync.OnceValue(func() *catalog.Catalogue {
	dir, err := os.MkdirTemp("", "sim")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "sim.toml"), []byte(simEntry), 0o600); err != nil {
		panic(err)
	}
	c, errs := catalog.LoadCatalogue(dir)
	if len(errs) > 0 {
		panic(errors.Join(errs...))
	}
	return c
})

func startManager(a *simAgent) *simManager {
	r := &simManager{a: a, gone: make(chan struct{}), notify: make(chan struct{}, 1), changed: make(chan struct{}, 1), began: a.w.bubble}
	a.real = r
	rnd := rand.New(rand.NewPCG(a.w.seed, uint64(a.w.now)))
	var one sync.Mutex
	r.homes = [2]*providers.Client{r.client("https://id.example/token"), r.client("https://elsewhere.example/token")}
	r.sync()
	r.m = New(Options{Store: simStore{r}, Notes: simNotes{r}, Clock: r})
	r.m.rnd = func() float64 {
		one.Lock()
		defer one.Unlock()
		return rnd.Float64()
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() {
		r.m.Run(ctx)
		r.post(r.ended)
	}()
	r.put()
	go r.subscribe(ctx, r.m.Subscribe())
	r.settled("start", a.m.base, nil)
	return r
}

// client speaks to the provider at a token endpoint.
func (r *simManager) client(token string) *providers.Client {
	conn := catalog.Connection{Name: "c", Provider: "sim", ClientID: "c", Override: map[string]any{"token": token}}
	if g := r.a.w.policy.grace; g > 0 && r.a.w.plant != bugSilenceWaited {
		conn.Override["tokens"] = map[string]any{"grace": g.String()}
	}
	c, err := providers.NewClient(simCatalogue(), conn, providers.ClientOptions{Transport: simTransport{r}, Now: r.Now})
	if err != nil {
		panic(err)
	}
	return c
}

// put hands the Manager the configuration as it is now.
func (r *simManager) put() {
	w := r.a.w
	home := r.homes[0]
	if r.moved = w.moved; w.moved {
		home = r.homes[1]
	}
	c := Connection{Name: "c", Config: home.Connection(), Entry: home.Entry(), Provider: simClient{home, r}}
	if w.policy.onDemand {
		c.Config.Refresh = "on-demand"
	}
	if c.Config.Probe = "off"; w.policy.probe {
		c.Config.Probe = "on"
	}
	if !w.policy.canProbe {
		c.Entry.Whoami.URL = ""
	}
	if w.policy.grace > 0 {
		c.Entry.Tokens.Grace = w.policy.grace.String()
	}
	r.m.Put(c)
	if r.k == nil { // the first time
		r.k, _ = r.m.find("c")
		r.locked(func() {
			r.a.m = r.k.m
		})
	}
}

// kill ends the process with -9: nothing of it reaches the world any more.
func (r *simManager) kill() {
	r.m.mu.Lock()
	if !r.m.ended {
		r.m.closed, r.m.ended = true, true
		close(r.m.quiet)
	}
	r.m.mu.Unlock()
	close(r.gone)
	r.m.cancel()
	r.stop()
	synctest.Wait()
}

// quit asks the process to end.
func (a *simAgent) quit() {
	if a.dead || a.quitting || a.real == nil {
		return
	}
	a.w.tell("quit")
	a.quitting = true
	a.real.event("tick", a.real.stop)
}

// ended comes when a process that was asked to end has ended.
func (r *simManager) ended() {
	a := r.a
	if !a.quitting {
		return // it was killed
	}
	switch {
	case a.underway > 0:
		a.w.check.fail("a process that was asked to end did not wait for an answer")
	case a.m.next != nil || a.m.store.under.kind == saveRecord:
		a.w.check.fail("a process that was asked to end did not write what it had been given")
	}
	a.w.check.quits++
	a.end()
}

// post hands the world what a goroutine wants of it.
func (r *simManager) post(v any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posted = append(r.posted, v)
	select {
	case r.notify <- struct{}{}:
	default:
	}
}

// do has the world carry out an effect, and waits for what comes of it.
func (r *simManager) do(ctx context.Context, q *asked) outcome {
	q.reply = make(chan outcome, 1)
	q.event, _ = ctx.Value(userAsks{}).(string)
	select {
	case <-r.gone:
		return outcome{err: store.ErrUnavailable}
	default:
	}
	r.post(q)
	select {
	case out := <-q.reply:
		return out
	case <-r.gone:
	case <-ctx.Done():
	}
	return outcome{err: store.ErrUnavailable}
}

// event has something happen, waits until all goroutines wait again, and holds what
// it led to against the rules.
func (r *simManager) event(name string, happens func()) {
	a := r.a
	if a.dead {
		return
	}
	r.sync()
	before, served := a.m.base, a.m.served
	a.waited = a.waiting
	r.locked(a.plantServing)
	happens()
	r.settled(name, before, served)
	if a.waited > 0 && !a.dead && (a.m.base == Retrying || a.m.base == Misconfigured) { // callers that wait ask again, and have the next try sooner
		a.w.check.hurried = true
	}
}

func (r *simManager) settled(name string, before State, served *Grant) {
	a := r.a
	synctest.Wait()
	r.locked(func() { a.plantAfter(name, served) })
	a.w.tell("%s: %s", name, a)
	a.w.check.transition(name, before, a)
	r.carryOut()
	if a.dead {
		return
	}
	if a.m.announce(a.w.Now()) {
		a.w.check.announced(a.m)
		r.m.Announced("c")
		r.settle()
	}
	if a.w.plant != noBug && !a.dead {
		r.locked(a.plantLast)
		hint(r.m.wake)
		r.settle()
	}
	if state, reason, _ := a.m.stands(); r.saw.State != "" && !a.dead && !a.quitting && (r.saw.State != state || r.saw.Reason != reason) {
		a.w.check.fail("a subscriber was told last that the connection is %s/%s", r.saw.State, r.saw.Reason)
	}
}

func (r *simManager) locked(f func()) {
	r.k.mu.Lock()
	defer r.k.mu.Unlock()
	f()
}

// settle waits until all goroutines wait, and takes what they want.
func (r *simManager) settle() {
	synctest.Wait()
	r.carryOut()
}

// carryOut takes what the goroutines want.
func (r *simManager) carryOut() {
	for {
		r.mu.Lock()
		posted := r.posted
		r.posted = nil
		select {
		case <-r.notify:
		default:
		}
		r.mu.Unlock()
		if len(posted) == 0 || r.a.dead {
			return
		}
		for _, v := range posted {
			switch v := v.(type) {
			case *asked:
				r.take(v)
			case *simHeard:
				r.heard(v)
			case *simAlarm:
				v.at = r.Elapsed() + v.d
				r.arm(v)
			case func():
				v()
			}
		}
	}
}

// take finds out which of the machine's effects an operation carries out.
func (r *simManager) take(q *asked) {
	m := r.a.m
	switch q.kind {
	case checkStore:
		if q.event == "" && m.probes.under && m.busy != checking {
			q.event = "probed"
		}
	case readRecord:
		switch {
		case r.compares != "":
			q.event, r.compares = r.compares, ""
		case m.store.under.kind == saveRecord:
			q.event = "saved"
		}
	case sendRefresh:
		want, got := refreshRequest(m.request), q.effect
		if m.request.grant == nil || got.grant.RefreshToken != want.RefreshToken || !slices.Equal(got.want.Scopes, want.Scopes) {
			r.a.w.check.fail("the machine does not want the request that is sent")
		}
		q.effect = m.request
	}
	r.a.carry(*q)
}

// until lets time go by; it reports whether nothing came before that.
func (r *simManager) until(at time.Duration) bool {
	w := r.a.w
	r.sync()
	if w.asleep || at <= w.now {
		return true
	}
	timer := time.NewTimer(at - w.now)
	select {
	case <-timer.C:
		return true
	case <-r.notify:
		timer.Stop()
	}
	w.now = w.slept + r.Elapsed()
	r.settle()
	return false
}

// sync shows the Manager's goroutines the world as it is now.
func (r *simManager) sync() {
	w := r.a.w
	r.offset.Store(int64(w.jump + w.slept))
	r.reached.Store(w.online && !w.portal)
}

// Now, Elapsed and After make it the Manager's Clock.
func (r *simManager) Now() time.Time {
	return simStart.Add(r.Elapsed() + time.Duration(r.offset.Load()))
}

func (r *simManager) Elapsed() time.Duration { return time.Since(r.began) }

func (r *simManager) After(d time.Duration) (<-chan time.Time, func()) {
	al := &simAlarm{d: d, fired: make(chan time.Time, 1)}
	r.post(al)
	return al.fired, func() { al.stopped.Store(true) }
}

// arm has an alarm fire in its time, which does not pass in suspend.
func (r *simManager) arm(al *simAlarm) {
	a := r.a
	a.w.in(max(al.at-r.Elapsed(), 0), func() {
		switch {
		case a.dead, al.stopped.Load():
		case a.w.asleep:
			r.frozen = append(r.frozen, al)
		case r.Elapsed() < al.at:
			r.arm(al)
		case a.w.plant == bugDeafTimer && a.m.base == Retrying:
		default:
			r.event("tick", func() { al.fired <- time.Time{} })
		}
	})
}

// thaw is the end of a suspend.
func (r *simManager) thaw() {
	frozen := r.frozen
	r.frozen = nil
	for _, al := range frozen {
		r.arm(al)
	}
}

// ask is a caller, or several at once.
func (r *simManager) ask(all ...simAsk) {
	a, busy, retryAt := r.a, r.a.m.busy, r.a.m.retryAt
	a.waiting += len(all)
	r.event("serve", func() {
		for _, q := range all {
			go r.call(q)
		}
	})
	switch due := !retryAt.IsZero() && !retryAt.After(a.w.Now()); {
	case a.dead, len(all) > 1:
	case due: // or the timer began it
		a.w.check.hurried = a.w.check.hurried || busy == idle && a.m.busy != idle
	default:
		a.w.check.brought(a, all[0], busy, retryAt)
	}
}

func (r *simManager) call(q simAsk) {
	ctx, cancel := context.WithTimeout(context.Background(), q.left)
	defer cancel()
	var t Token
	var err error
	if q.rejected != "" {
		t, err = r.m.Rejected(ctx, "c", q.rejected)
	} else {
		t, err = r.m.Token(ctx, "c", r.a.plantWant(q.want))
	}
	r.post(func() { r.replied(q, t, err) })
}

func (r *simManager) replied(q simAsk, t Token, err error) {
	a, out := r.a, reply{}
	a.waiting--
	if err == nil {
		out.token = &Grant{AccessToken: t.AccessToken, Scopes: t.Scopes}
		if q.want.plain() {
			out.token.Generation = a.m.generation(a.w.Now())
		}
		if t.MinValidMet != nil {
			out.short = 1
		}
	} else if !errors.As(err, &out.err) || out.err.Code == "" || out.err.Detail == "" {
		a.w.check.fail("a caller was told %v", err)
	}
	if left := a.m.served.left(a.w.Now()); out.err != nil && out.err.Code == CodeTimeout && left > time.Minute && a.m.busy == idle && a.m.base == Connected && q.want.plain() && q.left > 0 {
		a.w.check.fail("a caller waited in vain for a token that lasts %s", left)
	}
	then := q.then
	if q.then = nil; then != nil {
		a.w.in(0, func() { then(out) })
	}
	a.w.check.replied(a, q, out)
}

// user is what the user asks for, which leads to an event, perhaps after a dialog.
func (r *simManager) user(event string, do func(ctx context.Context)) {
	go func() {
		ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), userAsks{}, event), time.Minute)
		defer cancel()
		do(ctx)
	}()
}

func (r *simManager) refresh() {
	r.user("user refresh", func(ctx context.Context) { r.m.Refresh(ctx, "c") })
}

func (r *simManager) adopt(result providers.Result) {
	result.Binding, _ = r.homes[0].Binding(context.Background())
	r.user("connect", func(ctx context.Context) { r.m.Adopt(ctx, "c", result) })
}

func (r *simManager) disconnect() {
	r.user("disconnect", func(ctx context.Context) { r.m.Disconnect(ctx, "c") })
}

// subscribe is a tray: it looks at the connection whenever it is told to.
func (r *simManager) subscribe(ctx context.Context, s *Subscription) {
	for {
		if _, err := s.Wait(ctx); err != nil {
			return
		}
		r.saw, _ = r.m.Status("c")
	}
}
