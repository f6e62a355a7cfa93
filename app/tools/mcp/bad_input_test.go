package mcp

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestStdinThatClosesInACallEndsTheBridge(t *testing.T) {
	for _, era := range eras {
		t.Run(era.name, func(t *testing.T) {
			server, began, end := notes(), make(chan struct{}), make(chan struct{})
			sdk.AddTool(server, &sdk.Tool{Name: "slow"}, func(ctx context.Context, _ *sdk.CallToolRequest, _ struct{}) (*sdk.CallToolResult, any, error) {
				close(began)
				<-end
				return &sdk.CallToolResult{}, nil, nil
			})
			w := newWorld(t, era.serve(server))
			defer close(end)
			r := w.start(w.bridge())
			r.begin()
			r.say(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow","arguments":{}}}`)
			<-began
			r.in.Close()
			go io.Copy(io.Discard, r.raw)
			if err := <-r.over; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestStdinThatClosesAfterAQuestionGetsTheAnswer: as in echo … | authtray mcp NAME.
func TestStdinThatClosesAfterAQuestionGetsTheAnswer(t *testing.T) {
	for _, era := range eras {
		t.Run(era.name, func(t *testing.T) {
			server := notes()
			sdk.AddTool(server, &sdk.Tool{Name: "slow"}, func(context.Context, *sdk.CallToolRequest, struct{}) (*sdk.CallToolResult, any, error) {
				time.Sleep(300 * time.Millisecond)
				return &sdk.CallToolResult{}, nil, nil
			})
			w := newWorld(t, era.serve(server))
			r := w.start(w.bridge())
			r.say(`{"jsonrpc":"2.0","id":"begin","method":"initialize","params":%s}`, initializeParams)
			r.in.Close()
			if l := r.answer("begin"); l.Error != nil {
				t.Errorf("initialize is answered with %+v", l.Error)
			}
			if err := <-r.over; err != nil {
				t.Error(err)
			}

			r = w.start(w.bridge())
			r.begin()
			r.say(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow","arguments":{}}}`)
			r.in.Close()
			if l := r.answer(1); l.Error != nil {
				t.Errorf("the call is answered with %+v", l.Error)
			}
			if err := <-r.over; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHalfALineIsDropped(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	sent := w.seen(func(r *http.Request) bool { return r.Method == http.MethodPost })
	fmt.Fprint(r.in, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ec`)
	r.in.Close()
	go io.Copy(io.Discard, r.raw)
	if err := <-r.over; err != nil {
		t.Error(err)
	}
	if now := w.seen(func(r *http.Request) bool { return r.Method == http.MethodPost }); now > sent+1 { // notifications/initialized
		t.Errorf("%d requests more", now-sent)
	}
}

func TestLineThatIsNoMessageIsAnsweredAndTheNextIsRead(t *testing.T) {
	for name, bad := range map[string]struct {
		line string
		code int
	}{
		"no JSON":         {`{"jsonrpc":"2.0","id":1,`, -32700},
		"binary":          {"\x00\xff\x1b[2J", -32700},
		"half a batch":    {`[{"jsonrpc":"2.0",`, -32700},
		"another version": {`{"jsonrpc":"1.0","id":1,"method":"ping"}`, -32600},
		"a number":        {`17`, -32600},
		"100 MB":          {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"` + strings.Repeat("x", 100<<20) + `"}}`, -32600},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, stateful(notes()))
			r := w.start(w.bridge())
			r.begin()
			go io.WriteString(r.in, bad.line+"\n"+`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`+"\n")
			l := r.next()
			if l.Error == nil || l.Error.Code != bad.code || l.ID != nil || strings.ContainsAny(l.text, "\x00\x1b") {
				t.Error(l.text)
			}
			if l := r.answer(2); !strings.Contains(l.text, "echo") {
				t.Error(l.text)
			}
		})
	}
}

func TestBatchIsAnsweredOneByOne(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	r.say(`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/list"}]`)
	seen := map[any]bool{r.next().ID: true, r.next().ID: true}
	if !seen[1.0] || !seen[2.0] {
		t.Errorf("%v", seen)
	}
}

func TestRequestBeforeInitializeIsRefused(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	if l := r.call(1, "tools/list", "{}"); l.Error == nil || l.Error.Code != -32600 || !strings.Contains(l.Error.Message, "initialize") {
		t.Error(l.text)
	}
	r.say(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	r.say(`{"jsonrpc":"2.0","id":9,"result":{}}`)
	r.begin()
	if l := r.call(2, "tools/list", "{}"); !strings.Contains(l.text, "echo") {
		t.Error(l.text)
	}
}

func TestSecondRequestOfOneIDIsRefused(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	w.agent.set(dead)
	r.say(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	if l := r.call(1, "tools/list", "{}"); l.Error == nil || l.Error.Code != -32600 {
		t.Error(l.text)
	}
	w.agent.set(nil)
	if l := r.answer(1); !strings.Contains(l.text, "echo") {
		t.Error(l.text)
	}
}

func TestServerThatNeverAnswersHoldsUpNothingElse(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	r.call(0, "ping", "{}")
	never := make(chan struct{})
	var once sync.Once
	held := make(chan struct{})
	w.answer(func(_ http.ResponseWriter, r *http.Request) bool {
		hold := false
		once.Do(func() { hold = true })
		if hold {
			close(held)
			<-never
		}
		return hold
	})
	defer close(never)
	r.say(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}`)
	<-held
	if l := r.call(2, "tools/list", "{}"); !strings.Contains(l.text, "echo") {
		t.Error(l.text)
	}
	r.say(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	if l := r.call(3, "ping", "{}"); l.Error != nil {
		t.Error(l.text)
	}
}

// badAnswers are what a server may answer to a call in place of its result.
var badAnswers = []struct {
	name   string
	answer func(w http.ResponseWriter, r *http.Request)
	says   string // in the error
}{
	{"a redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://evil.example/mcp", http.StatusTemporaryRedirect)
	}, "redirects elsewhere"},
	{"HTML", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<html>")
	}, "login page"},
	{"100 MB of JSON", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":{"x":"`)
		piece := strings.Repeat("x", 1<<20)
		for range 100 {
			if _, err := io.WriteString(w, piece); err != nil {
				return
			}
		}
		io.WriteString(w, `"}}`)
	}, "longer than 16 MB"},
	{"JSON of another request", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"jsonrpc":"2.0","id":77,"result":{}}`)
	}, "no answer to the request"},
	{"half a JSON", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"jsonrpc":"2.0","id":1,"res`)
	}, "no answer to the request"},
	{"a stream without an answer", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, ": nothing\n\n")
	}, "broke off"},
	{"100 MB in a stream", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, `data: {"jsonrpc":"2.0","id":1,"result":{"x":"`)
		piece := strings.Repeat("x", 1<<20)
		for range 100 {
			if _, err := io.WriteString(w, piece); err != nil {
				return
			}
		}
		io.WriteString(w, "\"}}\n\n")
	}, "broke off"},
	{"a stream of no JSON", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: <html>\n\n")
	}, "broke off"},
	{"a connection that breaks", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "broke off"},
	{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "failed with 500"},
	{"403 with scopes", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="notes:write"`)
		w.WriteHeader(http.StatusForbidden)
	}, "notes:write"},
	{"an error of its own", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"jsonrpc":"2.0","id":1,"error":{"code":-32099,"message":"as the server said","data":{"a":1}}}`)
	}, "as the server said"},
}

func TestBadAnswerFailsItsOwnCallAlone(t *testing.T) {
	for _, bad := range badAnswers {
		t.Run(bad.name, func(t *testing.T) {
			w := newWorld(t, stateful(notes()))
			r := w.start(w.impatient())
			r.begin()
			r.call(0, "ping", "{}")
			w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPost {
					return false
				}
				bad.answer(rw, r)
				return true
			})
			l := r.call(1, "tools/call", `{"name":"echo","arguments":{"text":"x"}}`)
			if l.Error == nil || !strings.Contains(l.text, bad.says) {
				t.Errorf("%.300s", l.text)
			}
			w.answer(nil)
			if l := r.works(2, `{"name":"echo","arguments":{"text":"well again"}}`); !strings.Contains(l.text, "well again") {
				t.Error(l.text)
			}
		})
	}
}

func TestTokenGoesToTheConnectionsOwnURLOnly(t *testing.T) {
	evil := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("it was asked, with the token %q", r.Header.Get("Authorization"))
	}))
	defer evil.Close()
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request){
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, evil.URL+"/mcp", http.StatusPermanentRedirect)
		},
		"an endpoint of the SSE transport": func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "event: endpoint\ndata: %s/messages\n\n", evil.URL)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"another issuer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer resource_metadata="%s/.well-known/oauth-protected-resource"`, evil.URL))
			w.WriteHeader(http.StatusUnauthorized)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, stateful(notes()))
			w.answer(func(rw http.ResponseWriter, r *http.Request) bool { answer(rw, r); return true })
			r := w.start(w.impatient())
			if l := r.begin(); l.Error != nil {
				t.Fatal(l.text)
			}
			if l := r.call(1, "tools/list", "{}"); l.Error == nil {
				t.Error(l.text)
			}
		})
	}
}

func TestEndlessStreamIsReadOnAndItsNotificationsPass(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	r.call(0, "ping", "{}")
	w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), "endless") {
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			return false
		}
		rw.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil {
			fmt.Fprint(rw, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}\n\n")
			rw.(http.Flusher).Flush()
		}
		return true
	})
	r.say(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"endless","arguments":{}}}`)
	for range 100 {
		r.until("notifications/progress")
	}
	if l := r.call(2, "tools/call", `{"name":"echo","arguments":{"text":"beside it"}}`); !strings.Contains(l.text, "beside it") {
		t.Error(l.text)
	}
	r.say(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	r.call(3, "ping", "{}")
}

func TestTwoBridgesOfOneConnectionShareItsMemory(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	var all []*running
	for range 5 {
		all = append(all, w.start(w.bridge()))
	}
	for _, r := range all {
		if l := r.begin(); l.Error != nil {
			t.Error(l.text)
		}
	}
	for i, r := range all {
		if l := r.call(1, "tools/call", fmt.Sprintf(`{"name":"echo","arguments":{"text":"%d"}}`, i)); !strings.Contains(l.text, fmt.Sprint(i)) {
			t.Error(l.text)
		}
	}
	if data, err := os.ReadFile(filepath.Join(w.state, "mcp", "notes.json")); err != nil || !strings.Contains(string(data), "notes-server") {
		t.Errorf("%s, %v", data, err)
	}
}

func TestToolNameWithTerminalEscapesIsRememberedAndToldWithoutThem(t *testing.T) {
	server := notes()
	w := newWorld(t, stateful(server))
	w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if !strings.Contains(string(body), "tools/list") {
			return false
		}
		rw.Header().Set("Content-Type", "application/json")
		io.WriteString(rw, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"\u001b[2Jevil\r\n","inputSchema":{"type":"object"}}]}}`)
		return true
	})
	r := w.start(w.bridge())
	r.begin()
	r.call(1, "tools/list", "{}")
	r.call(2, "tools/call", `{"name":"\u001b[2Jevil\r\n","arguments":{}}`)
	data, err := os.ReadFile(filepath.Join(w.state, "mcp", "notes.json"))
	if err != nil || !strings.Contains(string(data), "[2Jevil") || strings.Contains(string(data), "u001b") {
		t.Errorf("%s, %v", data, err)
	}
	if told := w.agent.purposes(); !strings.Contains(told, ": [2Jevil") || strings.ContainsAny(told, "\x1b\r\n") {
		t.Errorf("the agent was told %q", told)
	}
}

func TestToolNameWithTerminalEscapesStaysJSON(t *testing.T) {
	for _, era := range eras {
		t.Run(era.name, func(t *testing.T) {
			w := newWorld(t, era.serve(notes()))
			r := w.start(w.bridge())
			r.begin()
			r.say(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\u001b[2Jx\r\n","arguments":{}}}`)
			l := r.answer(1)
			if strings.Contains(l.text, "\x1b") || l.Error == nil {
				t.Errorf("%q", l.text)
			}
		})
	}
}
