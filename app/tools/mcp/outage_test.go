package mcp

//lint:file-ignore SA1019 sampling and logging are in the protocol until 2025-11-25, which the bridge carries as well

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/authtray/authtray/tokens/client"
)

// outages are the ways in which a server cannot be asked.
var outages = []struct {
	name       string
	begin, end func(*world)
	says       string
}{
	{"the grant is dead", func(w *world) { w.agent.set(dead) }, func(w *world) { w.agent.set(nil) }, "authtray connect notes"},
	{"the network is away", func(w *world) { w.setDown(true) }, func(w *world) { w.setDown(false) }, "cannot be reached"},
	{"a login page is in the way", func(w *world) {
		w.answer(func(rw http.ResponseWriter, _ *http.Request) bool {
			rw.Header().Set("Content-Type", "text/html")
			rw.Write([]byte("<html>Welcome to the airport"))
			return true
		})
	}, func(w *world) { w.answer(nil) }, "login page"},
	{"the server is down for a moment", func(w *world) {
		w.answer(func(rw http.ResponseWriter, _ *http.Request) bool {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return true
		})
	}, func(w *world) { w.answer(nil) }, "busy or down"},
}

func TestFirstInitializeIsAnsweredWhileTheServerCannotBeAsked(t *testing.T) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			w := newWorld(t, stateful(notes()))
			o.begin(w)
			r := w.start(w.impatient())
			l := r.begin()
			var is struct {
				ProtocolVersion string
				Capabilities    map[string]struct{ ListChanged bool }
			}
			if err := json.Unmarshal(l.Result, &is); err != nil || is.ProtocolVersion != "2025-06-18" ||
				!is.Capabilities["tools"].ListChanged || !is.Capabilities["prompts"].ListChanged || !is.Capabilities["resources"].ListChanged {
				t.Fatal(l.text)
			}
			if l := r.call(1, "tools/list", "{}"); l.Error == nil || !strings.Contains(l.Error.Message, o.says) || strings.Contains(l.text, `"tools"`) {
				t.Errorf("a list: %s", l.text)
			}
			if l := r.call(2, "ping", "{}"); l.Error != nil {
				t.Errorf("ping: %s", l.text)
			}
			o.end(w)
			r.until("notifications/tools/list_changed")
			r.until("notifications/prompts/list_changed")
			r.until("notifications/resources/list_changed")
			if l := r.works(3, `{"name":"echo","arguments":{"text":"back"}}`); !strings.Contains(string(l.Result), "back") {
				t.Errorf("a call: %s", l.text)
			}
			// The SDK's server has no resources: it was promised for it.
			if l := r.call(4, "resources/list", "{}"); l.Error == nil || l.Error.Code != -32601 {
				t.Errorf("a method that the server lacks: %s", l.text)
			}
		})
	}
}

func TestInitializeIsAnsweredAsLastTimeWhileTheServerCannotBeAsked(t *testing.T) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			w := newWorld(t, stateful(notes()))
			first := w.start(w.bridge()).begin()
			o.begin(w)
			r := w.start(w.bridge())
			again := r.begin()
			if !strings.Contains(string(again.Result), "Take notes.") || !strings.Contains(string(again.Result), "notes-server") {
				t.Errorf("now %s\nfirst %s", again.text, first.text)
			}
			o.end(w)
			r.until("notifications/tools/list_changed")
			if l := r.call(1, "tools/list", "{}"); !strings.Contains(l.text, "echo") {
				t.Error(l.text)
			}
		})
	}
}

func TestDiscoverIsAnsweredAsLastTimeWhileTheServerCannotBeAsked(t *testing.T) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			w := newWorld(t, stateless(notes()))
			sayEcho(t, w.connect(w.bridge(), "2026-07-28", nil), "x")
			o.begin(w)
			changed := make(chan struct{}, 10)
			s := w.connect(w.bridge(), "2026-07-28", &sdk.ClientOptions{ToolListChangedHandler: func(context.Context, *sdk.ToolListChangedRequest) { changed <- struct{}{} }})
			if v := s.InitializeResult().ProtocolVersion; v != "2026-07-28" {
				t.Errorf("version %s", v)
			}
			o.end(w)
			<-changed // the subscription was kept, and what may have been missed is told
			if got := sayEcho(t, s, "back"); got != "back" {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestDiscoverOfAServerNeverAskedFallsBackToInitialize(t *testing.T) {
	w := newWorld(t, stateless(notes()))
	w.agent.set(dead)
	s := w.connect(w.bridge(), "2026-07-28", nil)
	if v := s.InitializeResult().ProtocolVersion; v != "2025-11-25" {
		t.Errorf("version %s", v)
	}
	w.agent.set(nil)
	if got := sayEcho(t, s, "back"); got != "back" {
		t.Errorf("%q", got)
	}
}

func TestOldClientIsToldWhichVersionsTheServerSpeaks(t *testing.T) {
	for said, want := range map[string]string{
		`{"code":-32601,"message":"Method not found"}`: "2026-07-28",
		`{"code":-32022,"message":"unsupported protocol version","data":{"supported":["2027-01-01"],"requested":"2025-06-18"}}`: "2027-01-01",
	} {
		t.Run(want, func(t *testing.T) {
			w := newWorld(t, stateless(notes()))
			w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
				rw.Header().Set("Content-Type", "application/json")
				rw.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(rw, `{"jsonrpc":"2.0","id":null,"error":%s}`, said)
				return true
			})
			l := w.start(w.bridge()).begin()
			if l.Error == nil || !strings.Contains(l.Error.Message, want) || !strings.Contains(l.Error.Message, "2025-06-18") {
				t.Error(l.text)
			}
		})
	}
}

func TestCallWaitsForTheConnection(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	w.agent.set(dead)
	r.say(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"late"}}}`)
	before, _ := w.agent.counts()
	eventually(t, "the agent was asked in vain", func() bool { asks, _ := w.agent.counts(); return asks > before })
	w.agent.set(nil)
	if l := r.answer(7); !strings.Contains(l.text, "late") {
		t.Error(l.text)
	}
}

func TestUserIsAskedToConnectAndNoBrowserOpens(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	w.agent.set(&client.Problem{Code: "disconnected", Status: 409, Detail: "notes is not connected.", Hint: "authtray connect notes"})
	w.start(w.bridge()).begin()
	eventually(t, "the user was asked", func() bool { return w.asked.Load() == 1 })
}

func TestConnectionThatIsNotThereIsAnErrorAtOnce(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	w.agent.set(&client.Problem{Code: "unknown_connection", Status: 404, Detail: "There is no connection notes.", Hint: "authtray add notes"})
	if l := w.start(w.bridge()).begin(); l.Error == nil || !strings.Contains(l.Error.Message, "authtray add notes") {
		t.Error(l.text)
	}
}

func TestWhatIsRememberedHoldsNoToken(t *testing.T) {
	server := sdk.NewServer(&sdk.Implementation{Name: "leaky", Version: "1"}, &sdk.ServerOptions{Instructions: "You came with token-1."})
	for _, name := range []string{"echo", "token-1", "say_token-1_again"} {
		sdk.AddTool(server, &sdk.Tool{Name: name}, echo)
	}
	w := newWorld(t, stateful(server))
	r := w.start(w.bridge())
	if l := r.begin(); l.Error != nil {
		t.Fatal(l.text)
	}
	r.call(1, "tools/list", "{}")
	data, err := os.ReadFile(filepath.Join(w.state, "mcp", "notes.json"))
	if err != nil || strings.Contains(string(data), "token-1") || !strings.Contains(string(data), "echo") {
		t.Errorf("%s, %v", data, err)
	}
}

func TestToolsOfAllPagesAreRememberedUntilTheListIsReadAgain(t *testing.T) {
	server := sdk.NewServer(&sdk.Implementation{Name: "paged", Version: "1"}, &sdk.ServerOptions{PageSize: 2})
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		sdk.AddTool(server, &sdk.Tool{Name: name}, echo)
	}
	w := newWorld(t, stateful(server))
	s := w.connect(w.bridge(), "2025-11-25", nil)
	list := func() string {
		for _, err := range s.Tools(t.Context(), nil) {
			if err != nil {
				t.Fatal(err)
			}
		}
		said, _, err := Memory(w.state).Load("notes")
		if err != nil {
			t.Fatal(err)
		}
		return said.Server() + ": " + strings.Join(said.Tools, " ")
	}
	if got := list(); got != "paged: a b c d e" {
		t.Error(got)
	}
	server.RemoveTools("b", "e")
	if got := list(); got != "paged: a c d" {
		t.Errorf("after two were taken away: %s", got)
	}
}

func TestAgentThatRestartsIsWaitedFor(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	w.agent.path += "2"
	stop := w.agent.listen(t)
	r := w.start(w.bridge())
	r.begin()
	stop()
	r.say(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"again"}}}`)
	defer w.agent.listen(t)()
	if l := r.answer(7); !strings.Contains(l.text, "again") {
		t.Error(l.text)
	}
}

func TestServerRestartIsReplayed(t *testing.T) {
	for _, era := range eras {
		t.Run(era.name, func(t *testing.T) {
			w := newWorld(t, era.serve(notes()))
			s := w.connect(w.bridge(), era.version, nil)
			sayEcho(t, s, "x")
			w.swap(era.serve(notes()))
			if got := sayEcho(t, s, "y"); got != "y" {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestServerThatCallsAnUnknownSession400IsReplayed(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	r.call(0, "ping", "{}")
	first := ""
	w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
		id := r.Header.Get("Mcp-Session-Id")
		if first == "" {
			first = id
		}
		if id == "" || id != first || r.Method != http.MethodPost {
			return false
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusBadRequest)
		rw.Write([]byte(`{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":null}`))
		return true
	})
	if l := r.call(1, "tools/call", `{"name":"echo","arguments":{"text":"again"}}`); !strings.Contains(l.text, "again") {
		t.Error(l.text)
	}
}

func TestLogLevelIsWishedAgainAfterARestart(t *testing.T) {
	levels := make(chan string, 10)
	serve := func() http.Handler {
		server := notes()
		server.AddReceivingMiddleware(func(next sdk.MethodHandler) sdk.MethodHandler {
			return func(ctx context.Context, method string, r sdk.Request) (sdk.Result, error) {
				if p, ok := r.GetParams().(*sdk.SetLoggingLevelParams); ok {
					levels <- string(p.Level)
				}
				return next(ctx, method, r)
			}
		})
		return stateful(server)
	}
	w := newWorld(t, serve())
	r := w.start(w.bridge())
	r.begin()
	r.call(1, "logging/setLevel", `{"level":"debug"}`)
	w.swap(serve())
	r.call(2, "tools/list", "{}")
	if first, second := <-levels, <-levels; first != "debug" || second != "debug" {
		t.Errorf("%s, %s", first, second)
	}
}
