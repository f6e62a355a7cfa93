package crash

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// The calls to the keychain, by what they are made for: one connection for each
// of them, in an agent of its own for each kind.

var (
	readFaults  = []storetest.Fault{storetest.Fail, storetest.Lock, storetest.Lie, storetest.Hang}
	writeFaults = append([]storetest.Fault{storetest.FailLate}, readFaults...)
)

// TestEveryKeychainCallMayFailOrHang: nobody waits for a keychain longer than
// its time, the state is true meanwhile, all is as it should be in the end
// without anybody's doing, and nothing dead comes back.
//
// Which call of a write meets the fault is counted, so no write may run out of
// its time before that call: a keychain in memory is never slow. In the real one
// the records are small, and with -full large too.
func TestEveryKeychainCallMayFailOrHang(t *testing.T) {
	if !apart(t) {
		return
	}
	bus := storetest.StartBus(t)
	bus.StartKeyring(password)
	slots := make(chan struct{}, writers)
	for name, test := range map[string]func(*once){
		"of a refresh":                   (*once).refreshing,
		"of the reading at the start":    (*once).readingAtTheStart,
		"of the first write":             (*once).firstWrite,
		"of the erasure":                 (*once).erasure,
		"of the look before an end":      (*once).lookBeforeAnEnd,
		"that asks whether it is locked": (*once).check,
	} {
		t.Run(name+", in memory", func(t *testing.T) {
			t.Parallel()
			o := newOnce(t, bus)
			o.raw = storetest.NewItems()
			o.items = store.Split(readOnly{o.raw})
			test(o)
		})
		t.Run(name+", in gnome-keyring", func(t *testing.T) {
			t.Parallel()
			o := newOnce(t, bus)
			o.raw = store.RawKeychain(o.paths.Service(), slog.New(slog.DiscardHandler))
			o.real, o.slots = true, slots
			test(o)
		})
	}
}

// writers are how many connections may be at work in gnome-keyring at a time: it
// does one call after the other, and a write has ten seconds for all of its calls.
const writers = 4

// once is the agent of one kind of calls.
type once struct {
	*agent
	raw        store.Items
	real       bool          // it is gnome-keyring
	slots      chan struct{} // has one for each connection that is at work there; nil: any number may be
	all        map[string]*struck
	operations operations
	stop       func()
}

var profiles atomic.Int64

func newOnce(t *testing.T, bus *storetest.Bus) *once {
	t.Helper()
	o := &once{all: map[string]*struck{}, operations: operations{count: map[string]int{}}}
	o.agent = newAgent(t, bus, newProvider(t, server.Options{Lifetime: 10 * time.Minute}), fmt.Sprintf("once-%d", profiles.Add(1)))
	return o
}

// sizes are those of records that are tried here.
func (o *once) sizes(most map[string]int) map[string]int {
	if o.real && !*full {
		return map[string]int{"small": most["small"]}
	}
	return most
}

// strikes makes a connection for each fault of each call of the operations on the
// record that are named, which make so many calls each by size. Those after the first
// skip are struck.
func (o *once) strikes(faults []storetest.Fault, skip int, operations ...map[string]int) {
	for size := range o.sizes(operations[0]) {
		var calls []int
		first, last := 1, 0
		for i, count := range operations {
			calls = append(calls, count[size])
			last += count[size]
			if i < skip {
				first = last + 1
			}
		}
		for k := first; k <= last; k++ {
			for i, fault := range faults {
				o.newStruck(fmt.Sprintf("%s-%d-%d", size, k, i), k, calls...).fault = fault
			}
		}
	}
	o.addAll()
}

// addAll starts the agent and adds all connections. Whose they are the ID token says:
// whoever is named later has the record written once more, at any time.
func (o *once) addAll() {
	o.start()
	for name, s := range o.all {
		o.put(name, map[string]any{
			"tokens": map[string]any{"keep": sealsFor(s.size() == "large")},
			"whoami": map[string]any{"from_id_token": true},
		})
		eventually(o.t, name+"'s record is looked for", func() bool { return o.operations.ended(name) > 0 })
	}
}

func (o *once) start() {
	o.operations.Store = store.Split(each{shared{o.raw}, o.all})
	o.stop = o.here(&o.operations)
}

// shared is a keychain that outlives one agent.
type shared struct{ store.Items }

func (shared) Close() error { return nil }

func (o *once) connectAll() {
	o.t.Helper()
	o.together(func(s *struck) {
		o.connect(s.name)
		o.awaitWritten(s.name)
	})
}

// atOnce does something with all connections.
func (o *once) atOnce(do func(*struck)) {
	var work sync.WaitGroup
	for _, s := range o.all {
		work.Go(func() { do(s) })
	}
	work.Wait()
}

// together does something with all connections that has them at work in the
// keychain.
func (o *once) together(do func(*struck)) {
	o.atOnce(func(s *struck) {
		if o.slots != nil {
			o.slots <- struct{}{}
			defer func() { <-o.slots }()
		}
		do(s)
	})
}

// release lets go of what hangs.
func (o *once) release() {
	for _, s := range o.all {
		s.release()
	}
}

func (o *once) eachWasMet() {
	o.t.Helper()
	for name, s := range o.all {
		if !s.wasMet() {
			o.t.Errorf("%s, %s: there is no such call", s.fault, name)
		}
	}
	o.t.Logf("%d calls struck", len(o.all))
}

// becomes waits until it has a state. While a call hangs that must not take
// until the call is given up.
func (s *struck) becomes(state tokens.State) {
	s.t.Helper()
	s.await(s.name, state)
	s.waitedForNobody(string(state))
}

// refuses: no token is handed out, and that is said at once. While a call hangs
// it may be that nothing is known yet when the caller's time is over.
func (s *struck) refuses(code tokens.Code) {
	s.t.Helper()
	timeout := noWait
	if s.hangs {
		timeout = "1s"
	}
	r, err := s.agent.call(http.MethodGet, "/connections/"+s.name+"/token?timeout="+timeout, nil)
	if late := s.hangs && r.code() == tokens.CodeTimeout; err != nil || r.code() != code && !late {
		s.t.Errorf("%s, %s: token answers %d %s, %v", s.fault, s.name, r.status, r.code(), err)
	}
	s.waitedForNobody("the answer that there is no token")
}

func (o *once) readingAtTheStart() {
	o.strikes(readFaults, 0, reads)
	o.connectAll()
	o.stop()
	for _, s := range o.all {
		s.plan(s.fault)
	}
	hits := o.provider.TokenHits()
	o.start()
	o.atOnce(func(s *struck) {
		s.becomes(tokens.KeychainLocked)
		s.refuses(tokens.CodeKeychainLocked)
		if st, err := s.status(s.name); err == nil && (st.Reason == tokens.ReasonKeychainLocked) != (s.fault == storetest.Lock) {
			s.t.Errorf("%s, %s: reason %s", s.fault, s.name, st.Reason)
		}
	})
	o.eachWasMet()
	o.atOnce(func(s *struck) {
		eventually(s.t, s.name+"'s call is given up", func() bool { return o.operations.ended(s.name) > s.ended })
	})
	o.release()
	for name := range o.all {
		o.await(name, tokens.Connected)
	}
	if n := o.provider.TokenHits() - hits; n != 0 {
		o.t.Errorf("%d requests to the provider", n)
	}
	for name := range o.all {
		o.refresh(name)
		o.awaitWritten(name)
	}
}

// A record that there is not is looked for with one call. A first write is then five
// calls, or eleven: the head is looked for, three parts, if any, and the head are
// written and read back, and what may be left of an older one is looked for in two
// places.
var (
	absent         = map[string]int{"small": 1, "large": 1}
	firstWrites    = map[string]int{"small": 5, "large": 11}
	firstCommitted = map[string]int{"small": 3, "large": 9}
)

func (o *once) firstWrite() {
	o.strikes(writeFaults, 0, absent, firstWrites)
	for _, s := range o.all {
		s.plan(s.fault)
	}
	o.together(func(s *struck) {
		o.connect(s.name)
		s.answers(s.name)
	})
	o.eachWasMet()
	o.release()
	for name, s := range o.all {
		o.awaitWritten(name)
		if inMemory(absent[s.size()]+firstCommitted[s.size()], s.call, s.fault) {
			eventually(o.t, fmt.Sprintf("%s, %s: the user is told that the grant is in memory only", s.fault, name), func() bool { return o.diary().warned(name) > 0 })
		}
	}
	o.stop()
	o.start()
	for name, s := range o.all {
		if !inMemory(absent[s.size()]+firstCommitted[s.size()], s.call, s.fault) && o.diary().warned(name) > 0 {
			o.t.Errorf("%s, %s: the user was told that the grant is in memory only", s.fault, name)
		}
		o.await(name, tokens.Connected)
	}
	for name := range o.all {
		o.refresh(name)
		o.awaitWritten(name)
	}
}

// erasures are how many calls an erasure makes: the head is read, deleted and seen to
// be gone; of a long record the three parts that the head names are deleted and seen to
// be gone; and one more part is looked for in each place.
var erasures = map[string]int{"small": 5, "large": 11}

// That the user gave it up is written into the record first.
func (o *once) erasure() {
	o.strikes(writeFaults, 0, reads, writes, erasures)
	o.connectAll()
	hits := o.provider.TokenHits()
	o.together(func(s *struck) {
		s.plan(s.fault)
		done := make(chan struct{})
		go func() {
			if r, err := s.agent.call(http.MethodDelete, "/connections/"+s.name+"/grant", nil); err != nil || r.status >= 300 {
				s.t.Errorf("%s, %s: disconnect answers %d, %v", s.fault, s.name, r.status, err)
			}
			close(done)
		}()
		s.becomes(tokens.Disconnected)
		s.refuses(tokens.CodeDisconnected)
		<-done
	})
	o.eachWasMet()
	o.release()
	o.allGone()
	o.stop()
	for name, s := range o.all {
		s.ended = o.operations.ended(name)
	}
	o.start()
	o.atOnce(func(s *struck) {
		eventually(s.t, s.name+"'s record is looked for", func() bool { return o.operations.ended(s.name) > s.ended })
		s.becomes(tokens.Disconnected)
		s.refuses(tokens.CodeDisconnected)
	})
	if n := o.provider.TokenHits() - hits; n != 0 {
		o.t.Errorf("%d requests with a grant that was given up", n)
	}
}

// allGone waits until the keychain has nothing of any connection, not even a part.
func (o *once) allGone() {
	o.t.Helper()
	for name, s := range o.all {
		for _, item := range []string{name, name + "#a.0", name + "#a.1", name + "#a.2", name + "#b.0", name + "#b.1", name + "#b.2"} {
			eventually(o.t, fmt.Sprintf("%s, %s: %s is erased", s.fault, name, item), func() bool {
				_, err := o.raw.Get(storetest.Context(o.t), item)
				return errors.Is(err, store.ErrAbsent)
			})
		}
	}
}

// allCleared waits until the keychain has no token of any connection.
func (o *once) allCleared() {
	o.t.Helper()
	for name, s := range o.all {
		for _, item := range []string{name, name + "#a.0", name + "#a.1", name + "#a.2", name + "#b.0", name + "#b.1", name + "#b.2"} {
			eventually(o.t, fmt.Sprintf("%s, %s: %s is cleared", s.fault, name, item), func() bool {
				text, err := o.raw.Get(storetest.Context(o.t), item)
				return errors.Is(err, store.ErrAbsent) || item == name && err == nil && strings.Contains(text, `"end"`)
			})
		}
	}
}

// The record is read before the request is sent, and once more before the grant is
// given up.
func (o *once) lookBeforeAnEnd() {
	o.strikes(readFaults, 1, reads, reads)
	o.connectAll()
	o.provider.Revoke("ada")
	o.together(func(s *struck) {
		s.plan(s.fault)
		done := make(chan struct{})
		go func() { o.refresh(s.name); close(done) }()
		if s.fault == storetest.Hang {
			s.awaitHung()
			if _, err := s.status(s.name); err != nil {
				s.t.Errorf("%s: status: %v", s.name, err)
			}
			s.waitedForNobody("the status")
		}
		<-done
		s.hangs = false // it was given up
		s.becomes(tokens.ReconnectRequired)
		s.refuses(tokens.CodeReconnectRequired)
		eventually(s.t, s.name+"'s death is told", func() bool { return s.diary().told(s.name) > 0 })
		eventually(s.t, s.name+" meets its fault", s.wasMet) // the end holds, and is told, before it is written
	})
	o.eachWasMet()
	hits := o.provider.TokenHits()
	o.release()
	o.allCleared()
	o.stop()
	o.start()
	o.atOnce(func(s *struck) {
		s.becomes(tokens.ReconnectRequired)
		if n := s.diary().told(s.name); n != 1 {
			s.t.Errorf("%s, %s: told %d times", s.fault, s.name, n)
		}
	})
	if n := o.provider.TokenHits() - hits; n != 0 {
		o.t.Errorf("%d requests with a dead grant", n)
	}
}

// asked is a keychain that meets a fault when it is asked whether it is locked.
type asked struct {
	store.Items
	after  atomic.Int64 // so many calls from now; below 1: never
	fault  atomic.Int64
	hanged chan struct{}
}

func (a *asked) Check(ctx context.Context) error {
	if a.after.Add(-1) != 0 {
		return a.Items.Check(ctx)
	}
	switch storetest.Fault(a.fault.Load()) {
	case storetest.Lock:
		return store.ErrLocked
	case storetest.Hang:
		<-a.hanged
	}
	return store.ErrUnavailable
}

// A refresh that the user asks for looks twice: whether it may ask for the
// password, and whether it can write.
func (o *once) check() {
	keychain := &asked{Items: shared{o.raw}}
	o.here(store.Split(keychain))
	o.add("work", sealsFor(false)...)
	o.connect("work")
	for k := 1; k <= 2; k++ {
		for _, fault := range []storetest.Fault{storetest.Fail, storetest.Lock, storetest.Hang} {
			o.refresh("work")
			o.awaitWritten("work")
			hits := o.provider.TokenHits()
			keychain.hanged = make(chan struct{})
			keychain.fault.Store(int64(fault))
			keychain.after.Store(int64(k))
			done := make(chan answer, 1)
			go func() {
				r, _ := o.call(http.MethodPost, "/connections/work/refresh", nil)
				done <- r
			}()
			eventually(o.t, "the call is made", func() bool { return keychain.after.Load() <= 0 })
			if r, err := o.call(http.MethodGet, "/connections/work/token?timeout="+noWait, nil); err != nil || r.status != http.StatusOK {
				o.t.Errorf("%s, look %d: token from memory: %d, %v", fault, k, r.status, err)
			}
			if fault == storetest.Hang && len(done) > 0 {
				o.t.Errorf("%s, look %d: the token came only when the look had been given up", fault, k)
			}
			r := <-done
			blocked := k == 2 || fault == storetest.Hang // the second look comes after the first in the same queue
			if sent := o.provider.TokenHits() > hits; sent == blocked || (r.code() == tokens.CodeKeychainLocked) != blocked {
				o.t.Errorf("%s, look %d: refresh answers %d %s, and was sent: %t", fault, k, r.status, r.code(), sent)
			}
			close(keychain.hanged)
		}
	}
	o.await("work", tokens.Connected) // by itself
	o.awaitWritten("work")
}
