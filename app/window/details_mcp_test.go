package window

import (
	"fmt"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
)

func TestMCPConnectionShowsServerToolsAndClientsConnectedNow(t *testing.T) {
	b := newBench(t, tokens.Status{Name: "notes", Provider: "mcp", ProviderName: "MCP server", State: tokens.Connected})
	b.agent.mcp = &api.MCP{Server: "Notes", Clients: []string{"claude-code", "claude-code", api.Elsewhere}}
	for n := range maxShownTools + 2 {
		b.agent.mcp.Tools = append(b.agent.mcp.Tools, fmt.Sprint("tool-", n))
	}
	go b.follow()
	b.until("the connections are known", func() bool { return b.known && b.present })
	b.until("the server is known", b.details.server.Visible)
	for _, text := range []string{"MCP server", "Notes", "a program on another machine, claude-code (2)", "42", "tool-0", "tool-39", "and 2 more"} {
		b.sees(b.details.server.Container, text)
	}
}

func TestConnectionToNoMCPServerShowsNone(t *testing.T) {
	b := live(t, tokens.Status{Name: "work", Provider: "gitlab", State: tokens.Connected})
	b.until("the details are known", func() bool { return b.details.known.Provider != "" })
	if b.details.server.Visible() {
		t.Errorf("%q", texts(b.details.server.Container))
	}
}

func TestNobodyConnectedIsSaid(t *testing.T) {
	for _, c := range []struct {
		name    string
		clients []string
		want    string
	}{
		{"nobody", nil, "none is connected"},
		{"without a name", []string{""}, "one without a name"},
		{"hostile", []string{"a\x1b[2Jb\n"}, "a[2Jb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := clientsOf(c.clients); got != c.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestWhoseNamesAnMCPServerOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		is   tokens.Status
		want string
	}{
		{"a server that names no account", tokens.Status{ProviderName: "mcp.example.org", Account: "mcp.example.org"}, "mcp.example.org"},
		{"one that does", tokens.Status{ProviderName: "mcp.example.org", Account: "ada"}, "ada · mcp.example.org"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := whose(c.is); got != c.want {
				t.Error(got)
			}
		})
	}
}
