package agent

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/mcp"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

func TestMCPConnectionShowsServerToolsAndClientsConnectedNow(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.call("PUT", "/connections/notes", map[string]any{"mcp": "http://127.0.0.1:9/mcp"}).ok()
	known := func() *api.MCP { return w.call("GET", "/connections/notes", nil).connection().MCP }
	if now := known(); now == nil || now.Server != "" || now.Clients != nil || now.Tools != nil {
		t.Errorf("before anybody asked: %+v", now)
	}
	if is := w.call("GET", "/connections/work", nil).connection().MCP; is != nil {
		t.Errorf("what is no MCP server: %+v", is)
	}
	said := mcp.Remembered{Initialize: json.RawMessage(`{"serverInfo":{"name":"notes","title":"Notes\u001b[2J\n of Ada"}}`), Tools: []string{"search", "write"}}
	if err := mcp.Memory(w.paths.State).Save("notes", said); err != nil {
		t.Fatal(err)
	}
	attend := func(name string) (leave func()) {
		ctx, cancel := context.WithCancel(t.Context())
		events, err := client.At(w.paths.Socket).Stream(ctx, http.MethodGet, "/v1/events?"+url.Values{"mcp": {"notes"}, "client": {name}}.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := events.Event(); err != nil {
			t.Fatal(err)
		}
		return func() { cancel(); events.Close() }
	}
	leave, second := attend("cursor\x1b[2J"), attend("claude-code")
	attend("claude-code")
	if now := known(); now.Server != "Notes[2J of Ada" || !slices.Equal(now.Tools, said.Tools) || !slices.Equal(now.Clients, []string{"claude-code", "claude-code", "cursor[2J"}) {
		t.Errorf("%+v", now)
	}
	var all struct{ Connections []api.Connection }
	w.call("GET", "/connections", nil).ok().into(&all)
	if is := all.Connections[0].MCP; is == nil || is.Tools != nil || len(is.Clients) != 3 {
		t.Errorf("in the list: %+v", is)
	}
	leave()
	second()
	eventually(t, "those who left are shown no more", func() bool { return slices.Equal(known().Clients, []string{"claude-code"}) })
	w.call("DELETE", "/connections/notes", nil).ok()
	if _, found, err := mcp.Memory(w.paths.State).Load("notes"); found || err != nil {
		t.Errorf("what the server of a removed connection said is still there, %v", err)
	}
}

func TestNoClientIsConnectedToWhatIsNoMCPServer(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	for _, name := range []string{"work", "none"} {
		w.call("GET", "/events?mcp="+name, nil).problem(tokens.CodeUnknownConnection, 404)
	}
}
