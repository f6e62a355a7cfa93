package crashtest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/authtray/authtray/app"
	"github.com/authtray/authtray/app/socket"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// here runs the agent in this process, with a store of the test's.
func (a *agent) here(kept store.Store) (stop func()) {
	a.t.Helper()
	unlock, err := socket.Lock(a.paths.Lock())
	if err != nil {
		a.t.Fatal(err)
	}
	in := app.NewAgent(app.Options{
		Paths: a.paths, Store: kept, Version: "test", Notify: a.diary(), Log: slog.New(slog.NewTextHandler(a.log, nil)),
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
		c, err := socket.Dial(context.Background(), a.paths.Socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return stop
}

// struck is a connection whose k-th call to the keychain, from a refresh on,
// meets a fault.
type struck struct {
	*agent
	name   string
	call   int
	faults *storetest.Faults
	items  store.Items
	met    int // the count of calls when the planned one has been made
	fault  storetest.Fault
	memory bool // the fault left the new grant in memory only
}

// plan has the k-th call from now on meet the fault.
func (s *struck) plan(fault storetest.Fault) {
	s.fault, s.met = fault, s.faults.Count()+s.call
	s.faults.At(s.met, fault)
}

// wasMet: there was such a call.
func (s *struck) wasMet() bool { return s.faults.Count() >= s.met }

// calls are how many calls to the keychain the write of a record makes: a short
// one is written and read back; for a long one the head is read, three parts and
// the head are written and read back, and the three old parts deleted.
var calls = map[string]int{"small": 2, "large": 17}

// committed are how many of them it takes until the keychain has the new record.
var committed = map[string]int{"small": 2, "large": 9}

// inMemory: what this call meets leaves the new grant in memory only. What is
// left to be deleted afterwards does no harm, but for a call that hangs, for
// then nobody knows how the write ended.
func inMemory(committed, call int, fault storetest.Fault) bool {
	return call <= committed || fault == storetest.Hang
}

func everyCall(a *agent, raw store.Items) map[string]*struck {
	all := map[string]*struck{}
	for size, most := range calls {
		for k := 1; k <= most; k++ {
			s := newStruck(a, raw, fmt.Sprintf("%s-%d", size, k), k)
			all[s.name] = s
		}
	}
	return all
}

func newStruck(a *agent, raw store.Items, name string, call int) *struck {
	s := &struck{agent: a, name: name, call: call, faults: storetest.NewFaults()}
	s.items = storetest.FaultyItems(raw, s.faults)
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

// refreshWrite: one connection for each call, and each fault for each of them.
// None loses its grant, none keeps its tools waiting, and each new grant is in
// the keychain in the end.
func (o *once) refreshWrite() {
	o.all = everyCall(o.agent, o.raw)
	o.start()
	for name, s := range o.all {
		o.add(name, sealsFor(s.size() == "large")...)
		o.connect(name)
		o.refresh(name) // what is measured is the second write and the later ones
	}
	for _, fault := range []storetest.Fault{storetest.Fail, storetest.FailLate, storetest.Lock, storetest.Lie, storetest.Hang} {
		strike(o.t, o.all, fault)
	}
	o.stop()
	o.run()
	for name := range o.all {
		o.await(name, tokens.Connected)
		o.refresh(name)
		o.awaitWritten(name)
	}
}

// strike renews every connection into the fault, and waits until the keychain
// has all the new grants in spite of it.
func strike(t testing.TB, all map[string]*struck, fault storetest.Fault) {
	t.Helper()
	var work sync.WaitGroup
	for _, s := range all {
		work.Go(func() { s.renew(fault) })
	}
	work.Wait()
	unsaved := 0
	for _, s := range all {
		s.answers(s.name)
		if !s.wasMet() {
			t.Errorf("%s: there is no such call", s.name)
		}
		if want := inMemory(committed[s.size()], s.call, fault); s.memory != want {
			t.Errorf("%s, %s: the new grant was in memory only: %t", fault, s.name, s.memory)
		}
		if s.memory {
			unsaved++
		}
	}
	t.Logf("%s: %d calls struck, %d new grants in memory only at first", fault, len(all), unsaved)
	for name, s := range all {
		if fault == storetest.Hang {
			s.faults.Release()
		}
		s.awaitWritten(name)
	}
}

// renew refreshes until the fault was met: a write whose time is over leaves
// the tidying up, its last calls, to the next one.
func (s *struck) renew(fault storetest.Fault) {
	for range 5 {
		s.plan(fault)
		done := make(chan struct{})
		go func() { s.refresh(s.name); close(done) }()
		select {
		case <-s.faults.Hung():
			s.answers(s.name) // and nobody waits for the keychain
			<-done
		case <-done:
		}
		if s.wasMet() {
			st, err := s.status(s.name)
			s.memory = err == nil && st.Unsaved
			return
		}
	}
}

// answers: status and token are answered with what the connection has.
func (a *agent) answers(name string) {
	a.t.Helper()
	if st, err := a.status(name); err != nil || st.State != tokens.Connected {
		a.t.Errorf("%s: status %s, %v", name, st.State, err)
	}
	if r, err := a.call(http.MethodGet, "/connections/"+name+"/token?timeout=5s", nil); err != nil || r.status != http.StatusOK {
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
