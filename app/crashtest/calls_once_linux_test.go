package crashtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
func TestEveryKeychainCallMayFailOrHang(t *testing.T) {
	bus := storetest.StartBus(t)
	bus.StartKeyring(password)
	t.Run("each", func(t *testing.T) {
		for name, test := range map[string]func(*once){
			"of a refresh's write":           (*once).refreshWrite,
			"of the reading at the start":    (*once).readingAtTheStart,
			"of the first write":             (*once).firstWrite,
			"of the erasure":                 (*once).erasure,
			"of the look before a verdict":   (*once).lookBeforeAVerdict,
			"that asks whether it is locked": (*once).check,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(newOnce(t, bus))
			})
		}
	})
}

// once is the agent of one kind of calls.
type once struct {
	*agent
	raw  store.Items
	all  map[string]*struck
	stop func()
}

var profiles atomic.Int64

func newOnce(t *testing.T, bus *storetest.Bus) *once {
	t.Helper()
	o := &once{all: map[string]*struck{}}
	o.agent = newAgent(t, bus, newProvider(t, server.Options{Lifetime: 10 * time.Minute}), fmt.Sprintf("once-%d", profiles.Add(1)))
	o.raw = store.RawKeychain(o.paths.Service())
	return o
}

// strikes makes a connection for each fault of each call, so many by size.
func (o *once) strikes(most map[string]int, faults []storetest.Fault) {
	for size, n := range most {
		for k := 1; k <= n; k++ {
			for i, fault := range faults {
				s := newStruck(o.agent, o.raw, fmt.Sprintf("%s-%d-%d", size, k, i), k)
				s.fault = fault
				o.all[s.name] = s
			}
		}
	}
	o.start()
	for name, s := range o.all {
		o.add(name, sealsFor(s.size() == "large")...)
	}
}

func (o *once) start() { o.stop = o.here(store.Split(each{shared{o.raw}, o.all})) }

// shared is a keychain that outlives one agent.
type shared struct{ store.Items }

func (shared) Close() error { return nil }

func (o *once) connectAll() {
	o.t.Helper()
	for name := range o.all {
		o.connect(name)
		o.awaitWritten(name)
	}
}

// together does something with all connections at once.
func (o *once) together(do func(*struck)) {
	var work sync.WaitGroup
	for _, s := range o.all {
		work.Go(func() { do(s) })
	}
	work.Wait()
}

// release lets go of what hangs.
func (o *once) release() {
	for _, s := range o.all {
		s.faults.Release()
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

// soon is when the state has to be true, for a person who looks.
const soon = 2 * time.Second

// within waits until it is so.
func (s *struck) within(d time.Duration, what string, is func(tokens.Status) bool) {
	s.t.Helper()
	var st tokens.Status
	var err error
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if st, err = s.status(s.name); err == nil && is(st) {
			return
		}
	}
	s.t.Errorf("%s, %s: after %v not %s, but %s %s, %v", s.fault, s.name, d, what, st.State, st.Reason, err)
}

func (s *struck) isSoon(state tokens.State) {
	s.t.Helper()
	s.within(soon, string(state), func(st tokens.Status) bool { return st.State == state })
}

// refuses: no token is handed out, and that is said in the time that the caller
// has. While a call hangs it may be that nothing has come in time.
func (s *struck) refuses(code tokens.Code) {
	s.t.Helper()
	begun := time.Now()
	r, err := s.agent.call(http.MethodGet, "/connections/"+s.name+"/token?timeout=1s", nil)
	late := s.fault == storetest.Hang && r.code() == tokens.CodeTimeout
	if err != nil || r.code() != code && !late || time.Since(begun) > 5*time.Second {
		s.t.Errorf("%s, %s: token answers %d %s after %v, %v", s.fault, s.name, r.status, r.code(), time.Since(begun), err)
	}
}

// Reading a short record is one call, reading a long one four.
func (o *once) readingAtTheStart() {
	o.strikes(map[string]int{"small": 1, "large": 4}, readFaults)
	o.connectAll()
	o.stop()
	for _, s := range o.all {
		s.plan(s.fault)
	}
	hits := o.provider.TokenHits()
	o.start()
	o.together(func(s *struck) {
		s.isSoon(tokens.KeychainLocked)
		s.refuses(tokens.CodeKeychainLocked)
		if st, err := s.status(s.name); err == nil && (st.Reason == tokens.ReasonKeychainLocked) != (s.fault == storetest.Lock) {
			s.t.Errorf("%s, %s: reason %s", s.fault, s.name, st.Reason)
		}
	})
	o.eachWasMet()
	time.Sleep(11 * time.Second) // longer than a call may take
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

// firstCommitted are the calls until the keychain has a first record: the head
// is looked for, then three parts, if any, and the head are written and read back.
var firstCommitted = map[string]int{"small": 3, "large": 9}

// A first write looks for what is left of an older one: five calls, and eleven.
func (o *once) firstWrite() {
	o.strikes(map[string]int{"small": 5, "large": 11}, writeFaults)
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
		warned := o.diary().warned(name) > 0
		if want := inMemory(firstCommitted[s.size()], s.call, s.fault); warned != want {
			o.t.Errorf("%s, %s: the user was told that the grant is in memory only: %t", s.fault, name, warned)
		}
	}
	o.stop()
	o.start()
	for name := range o.all {
		o.await(name, tokens.Connected)
	}
	for name := range o.all {
		o.refresh(name)
		o.awaitWritten(name)
	}
}

// An erasure reads the head, deletes it and sees that it is gone, and does the
// same with the parts: five calls, and eleven.
func (o *once) erasure() {
	o.strikes(map[string]int{"small": 5, "large": 11}, writeFaults)
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
		s.isSoon(tokens.Disconnected)
		s.refuses(tokens.CodeDisconnected)
		<-done
	})
	o.eachWasMet()
	o.release()
	o.allGone()
	o.stop()
	o.start()
	o.together(func(s *struck) { s.isSoon(tokens.Disconnected); s.refuses(tokens.CodeDisconnected) })
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

// The record is read once more before a grant is given up: one call, and four.
func (o *once) lookBeforeAVerdict() {
	o.strikes(map[string]int{"small": 1, "large": 4}, readFaults)
	o.connectAll()
	o.provider.Revoke("ada")
	o.together(func(s *struck) {
		s.plan(s.fault)
		done := make(chan struct{})
		go func() { o.refresh(s.name); close(done) }()
		if s.fault == storetest.Hang {
			<-s.faults.Hung()
			begun := time.Now()
			if _, err := s.status(s.name); err != nil || time.Since(begun) > soon {
				s.t.Errorf("%s: status after %v, %v", s.name, time.Since(begun), err)
			}
		}
		<-done
		s.isSoon(tokens.ReconnectRequired)
		s.refuses(tokens.CodeReconnectRequired)
	})
	o.eachWasMet()
	hits := o.provider.TokenHits()
	o.release()
	o.allGone()
	o.stop()
	o.start()
	o.together(func(s *struck) {
		s.isSoon(tokens.ReconnectRequired)
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
			if r, err := o.call(http.MethodGet, "/connections/work/token?timeout=1s", nil); err != nil || r.status != http.StatusOK {
				o.t.Errorf("%s, look %d: token from memory: %d, %v", fault, k, r.status, err)
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
