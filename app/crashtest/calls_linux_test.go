package crashtest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/app"
	"github.com/authtray/authtray/app/socket"
	"github.com/authtray/authtray/providers/practice/server"
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

// struck is one connection whose k-th call to the keychain, from the next
// refresh on, meets a fault.
type struck struct {
	name   string
	call   int
	fault  storetest.Fault
	faults *storetest.Faults
	items  store.Items
	from   int
}

// calls are how many calls to the keychain the write of a record makes: a short
// one is written and read back; for a long one the head is read, three parts and
// the head are written and read back, and the three old parts deleted.
var calls = map[string]int{"small": 2, "large": 17}

func everyCall(raw store.Items) map[string]*struck {
	all := map[string]*struck{}
	for size, most := range calls {
		for _, fault := range []storetest.Fault{storetest.Fail, storetest.FailLate, storetest.Lock, storetest.Lie, storetest.Hang} {
			for k := 1; k <= most; k++ {
				s := &struck{call: k, fault: fault, faults: storetest.NewFaults()}
				s.name = fmt.Sprintf("%s-%s-%d", size, strings.ReplaceAll(fault.String(), " ", "-"), k)
				s.items = storetest.FaultyItems(raw, s.faults)
				all[s.name] = s
			}
		}
	}
	return all
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

// TestEveryKeychainCallOfAWriteMayFailOrHang: one connection for each call and
// each fault, all in one agent. None loses its grant, none keeps its tools
// waiting, and each new grant is in the keychain in the end.
func TestEveryKeychainCallOfAWriteMayFailOrHang(t *testing.T) {
	bus := storetest.StartBus(t)
	bus.StartKeyring(password)
	a := newAgent(t, bus, newProvider(t, server.Options{Lifetime: 5 * time.Minute}), "calls")
	raw := store.RawKeychain(a.paths.Service())
	all := everyCall(raw)
	stop := a.here(store.Split(each{raw, all}))
	for name := range all {
		seals := []string{"seal"}
		if strings.HasPrefix(name, "large") {
			seals = append(seals, "long_seal")
		}
		a.add(name, seals...)
		a.connect(name)
		a.refresh(name) // what is measured is the second write and the later ones
	}
	strike(a, all)
	for _, s := range all {
		s.faults.Release()
	}
	for name := range all {
		a.awaitWritten(name)
	}
	stop()
	a.run()
	for name := range all {
		a.await(name, tokens.Connected)
		a.refresh(name)
		a.awaitWritten(name)
	}
}

// strike renews every connection into its fault, and asks for its token before
// anything that hangs is let go.
func strike(a *agent, all map[string]*struck) {
	a.t.Helper()
	var work sync.WaitGroup
	for _, s := range all {
		s.from = s.faults.Count()
		s.faults.At(s.from+s.call, s.fault)
		work.Go(func() { a.refresh(s.name) })
		if s.fault == storetest.Hang {
			work.Go(func() { <-s.faults.Hung(); a.answers(s.name) })
		}
	}
	work.Wait()
	unsaved, meant := 0, 0
	for _, s := range all {
		a.answers(s.name)
		if s.faults.Count() < s.from+s.call {
			a.t.Errorf("%s: there is no such call", s.name)
		}
		if st, err := a.status(s.name); err == nil && st.Unsaved {
			unsaved++
		}
		meant++
	}
	a.t.Logf("%d faults, each at another call; %d grants were in memory only right after", meant, unsaved)
	if unsaved == 0 {
		a.t.Error("no fault kept a grant out of the keychain: this test shows nothing")
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
