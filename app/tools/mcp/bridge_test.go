package mcp

//lint:file-ignore SA1019 sampling and logging are in the protocol until 2025-11-25, which the bridge carries as well

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// eras are the two protocols, with a server of each.
var eras = []struct {
	name, version string
	serve         func(*sdk.Server) http.Handler
}{
	{"2025-11-25", "2025-11-25", stateful},
	{"2025-06-18", "2025-06-18", stateful},
	{"2025-11-25 with a server of both", "2025-11-25", stateless},
	{"2026-07-28", "2026-07-28", stateless},
	{"2026-07-28 with an older server", "2026-07-28", stateful},
	{"2025-06-18 over SSE", "2025-06-18", func(s *sdk.Server) http.Handler {
		return sdk.NewSSEHandler(func(*http.Request) *sdk.Server { return s }, nil)
	}},
	{"2026-07-28 with an SSE server", "2026-07-28", func(s *sdk.Server) http.Handler {
		return sdk.NewSSEHandler(func(*http.Request) *sdk.Server { return s }, nil)
	}},
}

func TestBridgeCallsATool(t *testing.T) {
	for _, era := range eras {
		t.Run(era.name, func(t *testing.T) {
			w := newWorld(t, era.serve(notes()))
			s := w.connect(w.bridge(), era.version, nil)
			if got := sayEcho(t, s, "hello <&> \u2028"); got != "hello <&> \u2028" {
				t.Errorf("%q", got)
			}
			if info := s.InitializeResult().ServerInfo; info == nil || info.Name != "notes-server" {
				t.Errorf("the server is called %+v", info)
			}
			tools, err := s.ListTools(t.Context(), nil)
			if err != nil || len(tools.Tools) != 1 {
				t.Errorf("%v, %v", tools, err)
			}
		})
	}
}

func TestBridgeAsksForATokenForEachRequest(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	s := w.connect(w.bridge(), "2025-11-25", nil)
	for range 5 {
		sayEcho(t, s, "x")
	}
	eventually(t, "as many tokens were asked for as requests sent", func() bool {
		asks, _ := w.agent.counts()
		sent := w.seen(func(*http.Request) bool { return true })
		return asks == sent && sent >= 8 // initialize, initialized, the stream, five calls
	})
}

func TestBridgeReportsARejectedTokenAndSendsOnceMore(t *testing.T) {
	for _, era := range eras {
		t.Run(era.name, func(t *testing.T) {
			w := newWorld(t, era.serve(notes()))
			s := w.connect(w.bridge(), era.version, nil)
			sayEcho(t, s, "x")
			// The agent does not know yet that its token is worthless.
			old := w.agent.good()
			refusedOnce := 0
			w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
				switch {
				case r.Header.Get("Authorization") != "Bearer "+old:
					return false
				case r.Method != http.MethodPost: // a stream that opens late is not what this is about
					w.handler.ServeHTTP(rw, r)
					return true
				}
				w.agent.mu.Lock()
				w.agent.token = "token-2" // renewed by the rejection
				w.agent.mu.Unlock()
				refusedOnce++
				rw.WriteHeader(http.StatusUnauthorized)
				return true
			})
			if got := sayEcho(t, s, "y"); got != "y" {
				t.Errorf("%q", got)
			}
			if _, rejected := w.agent.counts(); rejected != 1 || refusedOnce != 1 {
				t.Errorf("%d rejections reported, %d requests refused", rejected, refusedOnce)
			}
		})
	}
}

func TestBridgeSendsNoMoreThanTwiceWhereEachTokenIsRefused(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	r.call(0, "ping", "{}")
	calls := 0
	w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		calls++
		w.agent.mu.Lock()
		w.agent.token += "+"
		w.agent.mu.Unlock()
		rw.WriteHeader(http.StatusUnauthorized)
		return true
	})
	l := r.call(1, "tools/call", `{"name":"echo","arguments":{"text":"x"}}`)
	if l.Error == nil || !strings.Contains(l.Error.Message, "authtray connect notes") || calls != 2 {
		t.Errorf("%s after %d requests", l.text, calls)
	}
}

func TestBridgePassesBothDirections(t *testing.T) {
	for _, version := range []string{"2025-06-18", "2025-11-25"} {
		t.Run(version, func(t *testing.T) {
			server := notes()
			server.AddTool(&sdk.Tool{Name: "ask", InputSchema: map[string]any{"type": "object"}}, func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
				r.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: r.Params.GetProgressToken(), Progress: 1, Message: "half"})
				sample, err := r.Session.CreateMessage(ctx, &sdk.CreateMessageParams{MaxTokens: 5})
				if err != nil {
					return nil, err
				}
				wish, err := r.Session.Elicit(ctx, &sdk.ElicitParams{Message: "your name?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}}})
				if err != nil {
					return nil, err
				}
				text := sample.Content.(*sdk.TextContent).Text + " " + wish.Content["name"].(string)
				return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}, nil
			})
			w := newWorld(t, stateful(server))
			progress := make(chan string, 1)
			s := w.connect(w.bridge(), version, &sdk.ClientOptions{
				CreateMessageHandler: func(context.Context, *sdk.CreateMessageRequest) (*sdk.CreateMessageResult, error) {
					return &sdk.CreateMessageResult{Content: &sdk.TextContent{Text: "sampled"}, Model: "m", Role: "assistant"}, nil
				},
				ElicitationHandler: func(context.Context, *sdk.ElicitRequest) (*sdk.ElicitResult, error) {
					return &sdk.ElicitResult{Action: "accept", Content: map[string]any{"name": "ada"}}, nil
				},
				ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) { progress <- r.Params.Message },
			})
			result, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "ask", Meta: sdk.Meta{"progressToken": "p"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := result.Content[0].(*sdk.TextContent).Text; got != "sampled ada" || <-progress != "half" {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestBridgePassesWhatTheServerSaysByItself(t *testing.T) {
	for _, era := range eras {
		if era.version == "2025-11-25" && strings.Contains(era.name, "both") {
			continue // a server without sessions has nowhere to say it
		}
		t.Run(era.name, func(t *testing.T) {
			server := notes()
			w := newWorld(t, era.serve(server))
			changed := make(chan struct{}, 100)
			s := w.connect(w.bridge(), era.version, &sdk.ClientOptions{ToolListChangedHandler: func(context.Context, *sdk.ToolListChangedRequest) { changed <- struct{}{} }})
			sayEcho(t, s, "x")
			if strings.Contains(era.name, "2025-06-18") || era.version == "2025-11-25" || strings.Contains(era.name, "older") {
				eventually(t, "the stream is open", func() bool {
					return w.seen(func(r *http.Request) bool { return r.Method == http.MethodGet }) > 0
				})
			}
			for n := 0; ; n++ { // the stream may open after what is said first
				sdk.AddTool(server, &sdk.Tool{Name: fmt.Sprint("more-", n)}, echo)
				select {
				case <-changed:
					return
				case <-time.After(500 * time.Millisecond):
				}
			}
		})
	}
}

func TestBridgePassesCancellation(t *testing.T) {
	for _, era := range eras {
		if strings.HasPrefix(era.name, "2025") && strings.Contains(era.name, "both") {
			continue // a server without sessions cannot know which request is meant
		}
		t.Run(era.name, func(t *testing.T) {
			began, cancelled, gone := make(chan struct{}), make(chan struct{}), make(chan struct{})
			server := notes()
			sdk.AddTool(server, &sdk.Tool{Name: "slow"}, func(ctx context.Context, _ *sdk.CallToolRequest, _ struct{}) (*sdk.CallToolResult, any, error) {
				close(began)
				select {
				case <-ctx.Done():
				case <-gone:
				}
				close(cancelled)
				return nil, nil, context.Canceled
			})
			w := newWorld(t, era.serve(server))
			w.answer(func(_ http.ResponseWriter, r *http.Request) bool {
				if r.Header.Get("Mcp-Name") == "slow" { // from 2026-07-28 on the end of its stream is what cancels a call
					context.AfterFunc(r.Context(), func() { close(gone) })
				}
				return false
			})
			s := w.connect(w.bridge(), era.version, nil)
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-began; cancel() }()
			if _, err := s.CallTool(ctx, &sdk.CallToolParams{Name: "slow"}); err == nil {
				t.Error("the call was answered")
			}
			<-cancelled
			if got := sayEcho(t, s, "after"); got != "after" {
				t.Errorf("%q", got)
			}
		})
	}
}

// Over a network the end of a stream comes later than the answer in it. A bridge that
// does not wait for it has a new connection for each call, with https a handshake too.
func TestCallsOneAfterTheOtherShareAConnectionToTheServer(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	r.call("first", "ping", "{}")
	received := make(chan struct{})
	w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		var call struct{ ID json.RawMessage }
		json.NewDecoder(r.Body).Decode(&call)
		rw.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(rw, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{}}\n\n", call.ID)
		rw.(http.Flusher).Flush()
		<-received
		return true
	})
	before := w.connections()
	for id := range 20 {
		r.call(id, "tools/call", echoX)
		received <- struct{}{}
	}
	if n := w.connections() - before; n > 10 { // some, where the stream's end is not read yet
		t.Errorf("%d new connections for 20 calls", n)
	}
}

func TestBridgeMirrorsArgumentsInHeaders(t *testing.T) {
	server := notes()
	server.AddTool(&sdk.Tool{Name: "marked", InputSchema: map[string]any{"type": "object", "properties": map[string]any{
		"region": map[string]any{"type": "string", "x-mcp-header": "Region"},
		"deep":   map[string]any{"type": "object", "properties": map[string]any{"n": map[string]any{"type": "integer", "x-mcp-header": "Number"}}},
		"umlaut": map[string]any{"type": "string", "x-mcp-header": "Umlaut"},
		"yes":    map[string]any{"type": "boolean", "x-mcp-header": "Yes"},
		"absent": map[string]any{"type": "string", "x-mcp-header": "Absent"},
	}}}, func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: r.Extra.Header.Get("Mcp-Param-Region")}}}, nil
	})
	w := newWorld(t, stateless(server))
	s := w.connect(w.bridge(), "2026-07-28", nil)
	if _, err := s.ListTools(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	result, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "marked", Arguments: map[string]any{
		"region": "=?base64?eu?=", "deep": map[string]any{"n": 7}, "umlaut": " ü", "yes": true,
	}})
	if err != nil || result.IsError {
		t.Fatalf("%v, %+v", err, result)
	}
}
