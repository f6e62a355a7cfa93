package agent

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// happened is the history of a connection, as the socket tells it.
func (w *world) happened(name string) (kinds []string) {
	w.t.Helper()
	for _, e := range w.call("GET", "/connections/"+name, nil).connection().Events {
		kinds = append(kinds, string(e.What))
	}
	return kinds
}

func TestHistoryOutlivesTheAgent(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	w.clock.pass(11 * time.Second)
	w.call("POST", "/connections/work/refresh", nil).ok()
	before := w.happened("work")
	if want := []string{"connected", "refreshed"}; !slices.Equal(before, want) {
		t.Fatalf("happened %v; want %v", before, want)
	}
	for range 2 { // starting is no event
		w.stop()
		w.start()
		eventually(t, "the record is read", func() bool {
			return w.call("GET", "/connections/work", nil).connection().State == tokens.Connected
		})
		if got := w.happened("work"); !slices.Equal(got, before) {
			t.Errorf("after a restart: %v; want %v", got, before)
		}
	}
	w.provider.Revoke("ada")
	w.call("POST", "/connections/work/refresh", nil).problem(tokens.CodeReconnectRequired, 409)
	w.stop()
	w.start()
	if got, want := w.happened("work"), append(before, "reconnect_required"); !slices.Equal(got, want) {
		t.Errorf("after its end and a restart: %v; want %v", got, want)
	}
}

// TestHistoryThatIsReadWhileItChangesHoldsEachEventOnce: the window reads a connection
// at each of its changes, which is when they are written.
func TestHistoryThatIsReadWhileItChangesHoldsEachEventOnce(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	over := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					w.call("GET", "/connections/work", nil).ok()
				}
			}
		})
	}
	want := []string{"connected"}
	for range 30 {
		w.clock.pass(11 * time.Second)
		w.call("POST", "/connections/work/refresh", nil).ok()
		want = append(want, "refreshed")
	}
	close(over)
	readers.Wait()
	if got := w.happened("work"); !slices.Equal(got, want) {
		t.Errorf("%d events: %v; want %d", len(got), got, len(want))
	}
}

func TestHistoryIsBoundedAndWithoutSecrets(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	var secrets []string
	for range 60 {
		w.clock.pass(11 * time.Second)
		w.call("POST", "/connections/work/refresh", nil).ok()
		secrets = append(secrets, w.call("GET", "/connections/work/token", nil).token().AccessToken)
	}
	w.stop()
	data, err := os.ReadFile(filepath.Join(w.paths.State, "history", "work.json"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), `"what"`); n != keptEvents {
		t.Errorf("%d events are kept; want %d", n, keptEvents)
	}
	for _, s := range secrets {
		if strings.Contains(string(data), s) {
			t.Fatal("there is a token in the history")
		}
	}
	w.start()
}

func TestHistoryGoesWithItsConnection(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	file := filepath.Join(w.paths.State, "history", "work.json")
	eventually(t, "the history is kept", func() bool { _, err := os.Stat(file); return err == nil })
	w.call("DELETE", "/connections/work", nil).ok()
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the history of a removed connection is left: %v", err)
	}
	w.add("work")
	if got := w.happened("work"); len(got) > 0 {
		t.Errorf("a new connection of that name has the history %v", got)
	}
	w.connect("work", "ada")
	w.stop()
	if err := os.Remove(filepath.Join(w.paths.Connections(), "work.toml")); err != nil { // as somebody may while no agent runs
		t.Fatal(err)
	}
	w.start()
	eventually(t, "the history of a connection without a file is removed", func() bool { _, err := os.Stat(file); return os.IsNotExist(err) })
}

func TestDamagedHistoryBeginsAnew(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.stop()
	dir := filepath.Join(w.paths.State, "history")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "work.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.connect("work", "ada")
	if got := w.happened("work"); !slices.Equal(got, []string{"connected"}) {
		t.Errorf("happened %v", got)
	}
}

// heldWire is a network on which the answers of the token endpoint wait to be let
// through, once they are held.
type heldWire struct {
	held    atomic.Bool
	arrived chan struct{}
	release chan struct{}
}

func (h *heldWire) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if h.held.Load() && strings.HasSuffix(r.URL.Path, "/token") {
		h.arrived <- struct{}{}
		<-h.release
	}
	return answer, err
}

func TestHistoryHoldsWhatCameWhileTheAgentEnded(t *testing.T) {
	wire := &heldWire{arrived: make(chan struct{}, 1), release: make(chan struct{})}
	w := newWorld(t, func(o *Options) { o.Transport = wire })
	w.add("work")
	w.connect("work", "ada")
	w.clock.pass(11 * time.Second)
	wire.held.Store(true)
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		_ = client.At(w.paths.Socket).Do(t.Context(), "POST", "/v1/connections/work/refresh", nil, nil)
	}()
	<-wire.arrived
	stopped := make(chan struct{})
	go func() { defer close(stopped); w.stop() }()
	eventually(t, "nobody listens any more", func() bool {
		conn, err := client.Dial(t.Context(), w.paths.Socket)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	wire.held.Store(false)
	close(wire.release)
	<-stopped
	<-asked
	data, err := os.ReadFile(filepath.Join(w.paths.State, "history", "work.json"))
	if err != nil || !strings.Contains(string(data), `"refreshed"`) {
		t.Errorf("the history is %s, %v", data, err)
	}
	w.start()
}

// refusingWire is a network on which the provider knows the client no more.
type refusingWire struct{ refuses atomic.Bool }

func (c *refusingWire) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.refuses.Load() && strings.HasSuffix(r.URL.Path, "/token") {
		return &http.Response{StatusCode: 401, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
			Body: io.NopCloser(strings.NewReader(`{"error":"invalid_client"}`))}, nil
	}
	return http.DefaultTransport.RoundTrip(r)
}

// TestRefusedSettingsAreRefusedStillAfterARestart: the record does not say that the
// provider refused the client, and its token may be good for long.
func TestRefusedSettingsAreRefusedStillAfterARestart(t *testing.T) {
	wire := &refusingWire{}
	on := func(o *Options) { o.Transport = wire }
	w := newWorld(t, on)
	w.add("work")
	w.connect("work", "ada")
	wire.refuses.Store(true)
	w.clock.pass(11 * time.Second)
	w.call("POST", "/connections/work/refresh", nil)
	if got := w.call("GET", "/connections/work", nil).connection(); got.State != tokens.Misconfigured {
		t.Fatalf("it is %s (%s)", got.State, got.Detail)
	}
	w.call("GET", "/connections/work/token", nil).token() // which is good still
	w.stop()
	w.start(on)
	eventually(t, "it is misconfigured again", func() bool {
		return w.call("GET", "/connections/work", nil).connection().State == tokens.Misconfigured
	})
	if got := w.happened("work"); slices.Contains(got[1:], "connected") {
		t.Errorf("a restart is told as %v", got)
	}
}
