package agent

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/tools/mcp"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

func (w *world) host(host, more string) reply {
	w.t.Helper()
	return w.call("GET", "/hosts/"+url.PathEscape(host)+"?"+more, nil)
}

func (r reply) match() (m api.HostMatch) {
	r.t.Helper()
	r.ok().into(&m)
	return m
}

func TestAHostHasItsConnection(t *testing.T) {
	w := newWorld(t)
	at := strings.TrimPrefix(w.provider.Issuer, "http://")
	w.host(at, "").problem(tokens.CodeUnknownConnection, 404)

	w.add("work")
	w.connect("work", "ada")
	if m := w.host(at, "").match(); m != (api.HostMatch{Name: "work", Provider: "practice", Account: "ada"}) {
		t.Errorf("%+v", m)
	}
	w.add("play")
	w.connect("play", "grace")
	p := w.host(at, "path=acme/x.git").problem(api.CodeUnclearHost, 409)
	if !strings.Contains(p.Detail, "play and work both answer for "+at) || !strings.Contains(p.Detail, `hosts = ["`+at+`/acme"]`) {
		t.Error(p.Detail)
	}
	if m := w.host(at, "user=grace").match(); m.Name != "play" {
		t.Errorf("grace's is %+v", m)
	}
	w.host(at, "user=bob").problem(api.CodeUnclearHost, 409)

	file := w.practice()
	file["hosts"] = []string{at + "/acme", "*.example.org"}
	w.call("PUT", "/connections/play", file).ok()
	if m := w.host(at, "path=acme/x.git").match(); m.Name != "play" {
		t.Errorf("acme's is %+v", m)
	}
	if m := w.host(at, "path=other/x.git").match(); m.Name != "work" {
		t.Errorf("any other path's is %+v", m)
	}
	if m := w.host("git.example.org", "").match(); m.Name != "play" {
		t.Errorf("a host of the file's is %+v", m)
	}
}

// TestAnMCPServersHostIsAProvidersFirst: gitlab.com's MCP server is at gitlab.com.
func TestAnMCPServersHostIsAProvidersFirst(t *testing.T) {
	w := newWorld(t)
	at := strings.TrimPrefix(w.provider.Issuer, "http://")
	docs := map[string]any{"provider": "mcp", "mcp": w.provider.Issuer + "/mcp"}
	w.call("PUT", "/connections/docs", docs).ok()
	if m := w.host(at, "").match(); m.Name != "docs" {
		t.Errorf("alone, it is %+v", m)
	}
	w.add("work")
	w.connect("work", "ada")
	if m := w.host(at, "").match(); m.Name != "work" {
		t.Errorf("beside a provider's connection it is %+v", m)
	}
	if m := w.host(at, "user=docs").match(); m.Name != "docs" {
		t.Errorf("by its name it is %+v", m)
	}
	docs["hosts"] = []string{at}
	w.call("PUT", "/connections/docs", docs).ok()
	w.host(at, "").problem(api.CodeUnclearHost, 409)
}

// TestADisconnectedConnectionIsNotPassedOver: or git would go on as someone else.
func TestADisconnectedConnectionIsNotPassedOver(t *testing.T) {
	w := newWorld(t)
	at := strings.TrimPrefix(w.provider.Issuer, "http://")
	w.add("work")
	w.connect("work", "ada")
	w.add("play")
	w.connect("play", "grace")
	w.call("DELETE", "/connections/work/grant", nil).ok()
	w.host(at, "").problem(api.CodeUnclearHost, 409)
	if m := w.host(at, "user=ada").match(); m.Name != "work" {
		t.Errorf("ada's is %+v", m)
	}
}

// newTestRemover is one with a manager that runs, and the views of its
// connections.
func newTestRemover(t *testing.T) (*connectionRemover, *connectionViews) {
	clients := newTestClients(t)
	c := clients.configuration
	c.manager, c.notify, c.changed = clients.manager, newNotes(), func(string) {}
	c.newClient = clientMaker{keychain: clients.keychain, registered: clients.records}.make
	c.reload()
	var work sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	work.Go(func() { clients.manager.Run(ctx) })
	t.Cleanup(func() { cancel(); work.Wait() })
	a := &accounts{manager: clients.manager, remember: config.NewAccounts(c.paths.State), client: c.client, log: c.log}
	s := &signIns{pending: map[string]*signIn{}}
	m := &mcpServers{records: mcp.Memory(c.paths.State), configuration: c}
	h := newHistory(clients.manager, c.paths.State, func(string) {}, c.log)
	r := &connectionRemover{manager: clients.manager, configuration: c, accounts: a, clients: clients, signIns: s, mcp: m, history: h, gate: &closedGate{}, ended: ctx, background: &background{log: c.log}, log: c.log}
	return r, &connectionViews{manager: clients.manager, configuration: c, accounts: a, mcp: m, history: h, questions: noNotifier{}.Questions}
}

func TestConnectionRemoverForgetsAConnectionWithItsSecret(t *testing.T) {
	r, views := newTestRemover(t)
	if err := r.configuration.write(catalog.Connection{Name: "work", Provider: "github", ClientID: "abc"}); err != nil {
		t.Fatal(err)
	}
	if err := r.clients.keychain.setSecret(t.Context(), "work", "s3cret"); err != nil {
		t.Fatal(err)
	}
	if c, err := views.get("work"); err != nil || c.Config == nil || c.Config.ClientID != "abc" {
		t.Errorf("it is shown as %+v, %v", c, err)
	}
	changes := r.manager.Subscribe()
	defer changes.Stop()
	removed, err := r.remove(t.Context(), "work")
	if err != nil || removed.Revoked || !strings.Contains(removed.Detail, "was not connected") {
		t.Errorf("removed: %+v, %v", removed, err)
	}
	if names, err := changes.Wait(t.Context()); !slices.Equal(names, []string{"work"}) {
		t.Errorf("told of %q, %v", names, err)
	}
	if kept, _ := r.clients.keychain.secret(t.Context(), secretKey("work")); kept != "" {
		t.Error("the client secret is still kept")
	}
	if left := views.list(); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
	if _, err := r.remove(t.Context(), "work"); err == nil {
		t.Error("removed twice")
	}
}

func TestConnectionViewsSayWhatIsWrongWithAFile(t *testing.T) {
	r, views := newTestRemover(t)
	file := filepath.Join(r.configuration.paths.Connections(), "work.toml")
	if err := os.WriteFile(file, []byte("provider = "), 0o600); err != nil {
		t.Fatal(err)
	}
	r.configuration.reload()
	all := views.list()
	if len(all) != 1 || all[0].State != tokens.Misconfigured || !strings.Contains(all[0].ConfigError, "work.toml") || all[0].Config != nil {
		t.Errorf("listed as %+v", all)
	}
	if _, err := views.forHost("github.com", "", ""); err == nil {
		t.Error("a connection without a client answers for a host")
	}
}
