package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/mcp/mcptest"
	"github.com/authtray/authtray/app/version"
	"github.com/authtray/authtray/tokens"
)

// mcpServer starts an MCP server that takes the practice provider's tokens, and
// returns its URL.
func (w *world) mcpServer() string {
	w.t.Helper()
	return mcptest.Start(w.t, w.provider.Issuer)
}

// mcpClient is an AI client that has started a command.
func (w *world) mcpClient(args ...string) *sdk.ClientSession {
	w.t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	s := &shell{in: inR, out: outW, err: w.t.Output(), now: time.Now, build: version.Build{Version: "test"}}
	over := make(chan int, 1)
	go func() {
		exit := s.main(context.Background(), args)
		outW.Close()
		over <- exit
	}()
	c := sdk.NewClient(&sdk.Implementation{Name: "client", Version: "1"}, nil)
	session, err := c.Connect(w.t.Context(), &sdk.IOTransport{Reader: outR, Writer: inW}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		session.Close()
		inW.Close()
		outR.Close()
		if exit := <-over; exit != 0 {
			w.t.Errorf("the bridge ended with %d", exit)
		}
	})
	return session
}

func TestMCPBridgesWithTheAgentsToken(t *testing.T) {
	w := newWorld(t, nil)
	w.put("notes", map[string]any{"mcp": w.mcpServer()})
	if exit, _, errs := w.command("connect", "notes"); exit != 0 {
		t.Fatal(errs)
	}
	if got := mcptest.Who(w.t, w.mcpClient("mcp", "notes")); got != "Ada Lovelace" {
		t.Errorf("the server knows the caller as %q", got)
	}
}

func TestMCPGoesOnWhenTheUserHasConnected(t *testing.T) {
	w := newWorld(t, nil)
	s := w.mcpClient("mcp", "--add", w.mcpServer())
	name := "mcp"
	if now := w.seen(name); !strings.HasPrefix(now.ProviderName, "MCP server 127.0.0.1:") {
		t.Fatalf("%+v", now)
	}
	answered := make(chan string, 1)
	go func() { answered <- mcptest.Who(w.t, s) }()
	if exit, _, errs := w.command("connect", name); exit != 0 {
		t.Fatal(errs)
	}
	if got := <-answered; got != "Ada Lovelace" {
		t.Errorf("the server knows the caller as %q", got)
	}
}

func TestMCPFloodOfBrowserWindowsAtStart(t *testing.T) {
	w := newWorld(t, nil) // whose browser signs in by itself, once it is opened
	w.put("notes", map[string]any{"mcp": w.mcpServer()})
	for range 3 {
		w.mcpClient("mcp", "notes")
	}
	if c := w.seen("notes"); c.State != tokens.Disconnected {
		t.Errorf("a browser was opened: the connection is %s", c.State)
	}
}

// A bridge runs for days, and knows the address of its server from when it began.
func TestMCPSendsTheServerOfBeforeAChangeNoTokenOfAfterIt(t *testing.T) {
	w := newWorld(t, nil)
	var mu sync.Mutex
	var seen []string
	mux := http.NewServeMux()
	before := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, r.Header.Get("Authorization"))
		mu.Unlock()
		mux.ServeHTTP(rw, r)
	}))
	t.Cleanup(func() { before.CloseClientConnections(); before.Close() })
	w.put("notes", map[string]any{"mcp": mcptest.Serve(mux, before.URL, w.provider.Issuer)})
	if exit, _, errs := w.command("connect", "notes"); exit != 0 {
		t.Fatal(errs)
	}
	s := w.mcpClient("mcp", "notes")
	mcptest.Who(w.t, s)
	w.put("notes", map[string]any{"mcp": w.mcpServer()})
	if exit, _, errs := w.command("connect", "notes"); exit != 0 {
		t.Fatal(errs)
	}
	_, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: mcptest.Tool})
	if err == nil || !strings.Contains(err.Error(), "restart the AI client") {
		t.Errorf("the call ended with: %v", err)
	}
	_, token, _ := w.command("token", "notes")
	mu.Lock()
	defer mu.Unlock()
	if len(seen) == 0 || token == "" || slices.Contains(seen, "Bearer "+strings.TrimSpace(token)) {
		t.Errorf("the server of before was sent the token of after, or nothing was tried (%d requests)", len(seen))
	}
	if got := mcptest.Who(w.t, w.mcpClient("mcp", "notes")); got != "Ada Lovelace" {
		t.Errorf("the server of after knows the caller as %q", got)
	}
}

// The README's lines are typed as they stand, and the client's entry is run.
func TestMCPOfTheReadmeWorks(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n### AI clients (MCP)\n")
	section, _, _ = strings.Cut(section, "\n#")
	lines := regexp.MustCompile(`(?m)^    authtray (.*)$`).FindAllStringSubmatch(section, -1)
	if !ok || len(lines) != 3 {
		t.Fatalf("the README has no such lines any more: %q", lines)
	}
	w := newWorld(t, nil)
	setHome(t, filepath.Dir(w.paths.Config))
	at := w.mcpServer()
	for _, line := range lines {
		if exit, _, errs := w.command(strings.Fields(strings.ReplaceAll(line[1], "https://mcp.notion.com/mcp", at))...); exit != 0 {
			t.Fatalf("%s: exit %d: %s", line[1], exit, errs)
		}
	}
	entry, err := os.ReadFile(filepath.Join(os.Getenv("HOME"), ".cursor", "mcp.json"))
	var is struct {
		Servers map[string]struct{ Args []string } `json:"mcpServers"`
	}
	if err != nil || json.Unmarshal(entry, &is) != nil {
		t.Fatalf("%s, %v", entry, err)
	}
	if got := mcptest.Who(w.t, w.mcpClient(is.Servers["notion"].Args...)); got != "Ada Lovelace" {
		t.Errorf("the server knows the caller as %q", got)
	}
}

func TestMCPObeysThePolicyOfTheFile(t *testing.T) {
	w := newWorld(t, nil)
	w.put("notes", map[string]any{"mcp": w.mcpServer(), "mcp_tools": map[string]any{"deny": []string{"delete_*"}}})
	if exit, _, errs := w.command("connect", "notes"); exit != 0 {
		t.Fatal(errs)
	}
	s := w.mcpClient("mcp", "notes")
	mcptest.Who(w.t, s)
	if _, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "delete_page"}); err == nil || !strings.Contains(err.Error(), "denied") {
		t.Errorf("a denied tool: %v", err)
	}
}

// TestMCPObeysTheScopeOfTheFile: a token for what the grant does not have is refused, and
// so it is seen which one is asked for.
func TestMCPObeysTheScopeOfTheFile(t *testing.T) {
	w := newWorld(t, nil)
	w.put("less", map[string]any{"mcp": mcptest.Start(t, w.provider.Issuer, "offline_access"), "mcp_tools": map[string]any{"scope": []string{"openid"}}})
	if exit, _, errs := w.command("connect", "less"); exit != 0 {
		t.Fatal(errs)
	}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	over := make(chan int, 1)
	go func() {
		s := &shell{in: inR, out: outW, err: t.Output(), now: time.Now, build: version.Build{Version: "test"}}
		over <- s.main(context.Background(), []string{"mcp", "less"})
	}()
	io.WriteString(inW, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`+"\n")
	if line, err := bufio.NewReader(outR).ReadString('\n'); err != nil || !strings.Contains(line, "was not granted openid") {
		t.Errorf("%s, %v", line, err)
	}
	inW.Close()
	if exit := <-over; exit != 0 {
		t.Errorf("the bridge ended with %d", exit)
	}
}

func TestMCPSaysWhatIsNoMCPConnection(t *testing.T) {
	w := newWorld(t, nil)
	w.put("work", map[string]any{"provider": "github", "client_id": "x"})
	for _, args := range [][]string{{"mcp", "work"}, {"mcp", "none"}, {"mcp"}, {"mcp", "--add", "notes"}, {"mcp", "--add", "http://example.com/mcp"}} {
		if exit, out, errs := w.command(args...); exit == 0 || out != "" || errs == "" {
			t.Errorf("%v: exit %d, %q, %q", args, exit, out, errs)
		}
	}
}

func TestMCPNamesAConnectionAfterItsHost(t *testing.T) {
	taken := map[string]bool{"notion": true, "notion-2": true}
	for host, want := range map[string]string{
		"mcp.notion.com": "notion-3", "mcp.linear.app": "linear", "www.api.example.co.uk": "example", "localhost": "localhost",
		"127.0.0.1": "mcp", "::1": "mcp", "MCP.Sentry.dev": "sentry", "xn--nxasmq6b": "xn--nxasmq6b", "com1": "com1-2", "…": "mcp",
	} {
		if got := freeName(host, taken); got != want && !(host == "com1" && got != "com1") {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

// addOwn adds the connection notes to an MCP server whose URL stands in the catalogue.
func (w *world) addOwn() (server string) {
	w.t.Helper()
	server = w.mcpServer()
	entry := "id = \"mcp-own\"\nname = \"Own MCP server\"\nextends = \"mcp\"\nmcp = \"" + server + "\"\n"
	if err := os.MkdirAll(w.paths.Providers(), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.paths.Providers(), "mcp-own.toml"), []byte(entry), 0o600); err != nil {
		w.t.Fatal(err)
	}
	eventually(w.t, "the entry is known", func() bool { exit, _, _ := w.command("add", "notes", "--provider", "mcp-own"); return exit == 0 })
	return server
}

func TestMCPAddTakesTheConnectionThatLeadsThere(t *testing.T) {
	w := newWorld(t, nil)
	server := w.addOwn()
	other := w.mcpServer()
	w.put("files", map[string]any{"mcp": other})
	for at, want := range map[string]string{server: "notes", other: "files", strings.Replace(other, "http://127.0.0.1", "http://127.0.0.2", 1): "mcp"} {
		name, err := (&shell{out: io.Discard, err: w.t.Output(), now: time.Now, paths: w.paths}).addMCP(t.Context(), at)
		if err != nil || name != want {
			t.Errorf("%s: %q, %v; want %s", at, name, err, want)
		}
	}
	var names []string
	var all struct{ Connections []api.Connection }
	if err := w.agent().Do(t.Context(), http.MethodGet, "/v1/connections", nil, &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all.Connections {
		names = append(names, c.Name)
	}
	if slices.Sort(names); !slices.Equal(names, []string{"files", "mcp", "notes"}) {
		t.Errorf("there are %v now", names)
	}
}

func TestMCPServersAreTheSame(t *testing.T) {
	const at = "https://mcp.example.com/mcp"
	for other, same := range map[string]bool{
		at: true, "https://MCP.Example.com/mcp": true, "": false,
		"https://mcp.example.com/MCP": false, "https://mcp.example.com/mcp/": false, "http://mcp.example.com/mcp": false,
		"https://mcp.example.com:8443/mcp": false, at + "?team=1": false,
	} {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		if sameServer(other, u) != same {
			t.Errorf("%s and %s are the same: %v", other, at, !same)
		}
	}
}

// TestMCPServersOfTheCatalogueAreBridgedToo: their connections' files name the provider
// alone.
func TestMCPServersOfTheCatalogueAreBridgedToo(t *testing.T) {
	w := newWorld(t, nil)
	w.addOwn()
	w.works("notes")
	if got := mcptest.Who(t, w.mcpClient("mcp", "notes")); got != "Ada Lovelace" {
		t.Errorf("the server knows the caller as %q", got)
	}
	if out := w.types("authtray status notes"); !strings.Contains(out, "mcp server") {
		t.Errorf("the status is\n%s", out)
	}
}

func TestTokensForAnotherServerNeedASignIn(t *testing.T) {
	w := newWorld(t, nil)
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	defer site.Close()
	at := mcptest.Serve(mux, site.URL, w.provider.Issuer)
	other := at + "/other"
	mux.HandleFunc("/mcp/other", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusUnauthorized) })
	mux.HandleFunc("/.well-known/oauth-protected-resource/mcp/other", func(rw http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(rw, `{"resource":%q,"authorization_servers":[%q]}`, other, w.provider.Issuer)
	})
	w.types("authtray add files --mcp " + at)
	w.works("files")
	_, _, errs := w.command("add", "files", "--mcp", other)
	if want := "Sign in again for tokens for " + other + ": authtray connect files\n"; errs != want {
		t.Errorf("%q; want %q", errs, want)
	}
	if _, _, errs := w.command("add", "files", "--mcp", other); errs != "" {
		t.Errorf("told again, it says %q", errs)
	}
}
