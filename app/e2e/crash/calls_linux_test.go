package crash

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	product "github.com/authtray/authtray/app/agent"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// here runs the agent in this process, with a store of the test's.
func (a *agent) here(kept store.Store) (stop func()) {
	a.t.Helper()
	unlock, err := api.Lock(a.paths.Lock())
	if err != nil {
		a.t.Fatal(err)
	}
	in := product.NewAgent(product.Options{
		Paths: a.paths, Store: kept, Version: "test", Notify: &seenDiary{diary: a.diary()}, Log: slog.New(slog.NewTextHandler(a.log, nil)),
	})
	over := make(chan error, 1)
	go func() { over <- in.Run(context.Background()) }()
	stop = sync.OnceFunc(func() {
		in.Quit()
		if err := <-over; err != nil {
			a.t.Errorf("the agent ended with: %v", err)
		}
		kept.Close()
		unlock()
		a.client.CloseIdleConnections()
	})
	a.t.Cleanup(stop)
	eventually(a.t, "the agent answers", func() bool {
		c, err := client.Dial(context.Background(), a.paths.Socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return stop
}

// struck is a connection whose k-th call to the keychain, from something that is
// done with it on, meets a fault.
type struck struct {
	*agent
	once   *once
	name   string
	call   int
	before int // the operations on its record that end before the one that makes this call
	faults *storetest.Faults
	items  store.Items
	met    int // the count of calls when the planned one has been made
	fault  storetest.Fault
	hangs  bool // the planned call hangs, and has not been released
	ended  int  // the count of operations on its record that have ended when the planned call is made
	memory bool // the fault left the new grant in memory only
}

// plan has the k-th call from now on meet the fault.
func (s *struck) plan(fault storetest.Fault) {
	s.fault, s.met = fault, s.faults.Count()+s.call
	s.hangs, s.ended = fault == storetest.Hang, s.once.operations.ended(s.name)+s.before
	s.faults.At(s.met, fault)
}

// wasMet: there was such a call.
func (s *struck) wasMet() bool { return s.faults.Count() >= s.met }

// release lets go of what hangs.
func (s *struck) release() {
	s.hangs = false
	s.faults.Release()
}

// awaitHung waits until the planned call hangs.
func (s *struck) awaitHung() {
	s.t.Helper()
	select {
	case <-s.faults.Hung():
	case <-time.After(hangTime):
		s.t.Fatalf("%s: the call was never made", s.name)
	}
}

// waitedForNobody: what was just seen came before the call that hangs was given
// up.
func (s *struck) waitedForNobody(what string) {
	s.t.Helper()
	if s.hangs && s.once.operations.ended(s.name) > s.ended {
		s.t.Errorf("%s, %s: %s came only when the keychain's time was over", s.fault, s.name, what)
	}
}

// reads are how many calls to the keychain the reading of a record makes: a short
// one is its head; a long one has three parts besides.
var reads = map[string]int{"small": 1, "large": 4}

// writes are how many calls the write of a record over another one makes: a short
// one is written and read back; for a long one the head is read, three parts and
// the head are written and read back, and the three old parts deleted.
var writes = map[string]int{"small": 2, "large": 17}

// committed are how many calls of such a write it takes until the keychain has the
// new record.
var committed = map[string]int{"small": 2, "large": 9}

// inMemory: what this call of a write meets leaves the new grant in memory only,
// where the keychain has it after so many calls. What is left to be deleted
// afterwards does no harm, but for a call that hangs, for then nobody knows how the
// write ended.
func inMemory(committed, call int, fault storetest.Fault) bool {
	return call <= committed || fault == storetest.Hang
}

// newStruck makes a connection whose call meets a fault of what is done by
// operations on the record that make so many calls each.
func (o *once) newStruck(name string, call int, operations ...int) *struck {
	s := &struck{agent: o.agent, once: o, name: name, call: call, faults: storetest.NewFaults()}
	for end := operations[0]; call > end; end += operations[s.before] {
		s.before++
	}
	s.items = storetest.FaultyItems(o.raw, s.faults)
	o.all[name] = s
	return s
}

// size is that of its records.
func (s *struck) size() string {
	size, _, _ := strings.Cut(s.name, "-")
	return size
}

// each sends every call to the keychain through its connection's faults.
type each struct {
	store.Items
	all map[string]*struck
}

func (e each) of(item string) store.Items {
	name, _, _ := strings.Cut(item, "#")
	return e.all[name].items
}

func (e each) Get(ctx context.Context, name string) (string, error) { return e.of(name).Get(ctx, name) }
func (e each) Set(ctx context.Context, name, text string) error {
	return e.of(name).Set(ctx, name, text)
}
func (e each) Delete(ctx context.Context, name string) error { return e.of(name).Delete(ctx, name) }

// operations count the operations of a store that have ended, by key: each of
// them ends when the keychain's time is over, whatever the calls that it makes do.
type operations struct {
	store.Store
	mu    sync.Mutex
	count map[string]int
}

func (o *operations) end(key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count[key]++
}

func (o *operations) ended(key string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count[key]
}

func (o *operations) Get(ctx context.Context, key string) ([]byte, error) {
	defer o.end(key)
	return o.Store.Get(ctx, key)
}

func (o *operations) Set(ctx context.Context, key string, value []byte) error {
	defer o.end(key)
	return o.Store.Set(ctx, key, value)
}

func (o *operations) Delete(ctx context.Context, key string) error {
	defer o.end(key)
	return o.Store.Delete(ctx, key)
}

// refreshing: one connection for each call, and each fault for each of them. The
// record is read before the request is sent, and again before the new one is
// written. None loses its grant, none keeps its tools waiting, and each new grant is
// in the keychain in the end.
func (o *once) refreshing() {
	for size, write := range o.sizes(writes) {
		for k := 1; k <= 2*reads[size]+write; k++ {
			o.newStruck(fmt.Sprintf("%s-%d", size, k), k, reads[size], reads[size], write)
		}
	}
	o.addAll()
	o.together(func(s *struck) {
		o.connect(s.name)
		o.refresh(s.name) // what is measured is the second write and the later ones
	})
	for _, fault := range []storetest.Fault{storetest.Fail, storetest.FailLate, storetest.Lock, storetest.Lie, storetest.Hang} {
		o.strike(fault)
	}
	o.stop()
	if o.real {
		o.run()
	} else {
		o.start()
	}
	for name := range o.all {
		o.await(name, tokens.Connected)
		o.refresh(name)
		o.awaitWritten(name)
	}
}

// strike renews every connection into the fault, and waits until the keychain
// has all the new grants in spite of it. One whose request was not sent is renewed
// once more, and after the last fault goes on by itself.
func (o *once) strike(fault storetest.Fault) {
	o.t.Helper()
	o.together(func(s *struck) { s.renew(fault) })
	unsent, unsaved := 0, 0
	for _, s := range o.all {
		if s.unsent() {
			unsent++
			continue
		}
		s.answers(s.name)
		if want := inMemory(2*reads[s.size()]+committed[s.size()], s.call, fault); s.memory != want {
			o.t.Errorf("%s, %s: the new grant was in memory only: %t", fault, s.name, s.memory)
		}
		if s.memory {
			unsaved++
		}
	}
	o.eachWasMet()
	o.t.Logf("%s: %d requests not sent, %d new grants in memory only at first", fault, unsent, unsaved)
	for name, s := range o.all {
		switch {
		case fault == storetest.Hang:
			s.release()
		case s.unsent():
			o.refresh(name)
		}
		s.awaitWritten(name)
	}
}

// unsent reports whether the call that meets a fault is one before the request is
// sent.
func (s *struck) unsent() bool { return s.before == 0 }

// renew refreshes into the fault. Where nobody knows whether the keychain holds a
// newer grant, nothing is sent, and there is the token that there was. Else the
// answer to the refresh says whether the new grant is in memory only.
func (s *struck) renew(fault storetest.Fault) {
	s.t.Helper()
	token := s.token()
	s.plan(fault)
	answered := make(chan answer, 1)
	go func() {
		r, err := s.agent.call(http.MethodPost, "/connections/"+s.name+"/refresh", nil)
		if err != nil {
			s.t.Errorf("%s, %s: refresh: %v", fault, s.name, err)
		}
		answered <- r
	}()
	if s.hangs {
		s.awaitHung()
		s.answers(s.name)
		s.waitedForNobody("the token")
	}
	r := <-answered
	if s.unsent() {
		if r.code() != tokens.CodeKeychainLocked || s.token() != token {
			s.t.Errorf("%s, %s: refresh answers %d %s, and the token is another one: %t", fault, s.name, r.status, r.code(), s.token() != token)
		}
		return
	}
	var st tokens.Status
	if err := r.into(&st); err != nil {
		s.t.Errorf("%s, %s: refresh: %v", fault, s.name, err)
	}
	s.memory = st.Unsaved
}

// token is what a tool is given now.
func (s *struck) token() string {
	s.t.Helper()
	var got tokens.Token
	s.must(http.MethodGet, "/connections/"+s.name+"/token?timeout="+noWait, nil, &got)
	return got.AccessToken
}

// answers: status and token are answered with what the connection has.
func (a *agent) answers(name string) {
	a.t.Helper()
	if st, err := a.status(name); err != nil || st.State != tokens.Connected {
		a.t.Errorf("%s: status %s, %v", name, st.State, err)
	}
	if r, err := a.call(http.MethodGet, "/connections/"+name+"/token?timeout="+noWait, nil); err != nil || r.status != http.StatusOK {
		a.t.Errorf("%s: token: %d %v", name, r.status, err)
	}
}

// awaitWritten waits until the newest grant is in the keychain.
func (a *agent) awaitWritten(name string) {
	a.t.Helper()
	var problem error
	eventually(a.t, name+" is in the keychain", func() bool {
		st, err := a.status(name)
		if err != nil || st.State != tokens.Connected || st.Unsaved {
			return false
		}
		_, i, err := a.record(name)
		problem = err
		return err == nil && a.newest(i)
	})
	if problem != nil {
		a.t.Error(problem)
	}
}
