package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/mcp/mcptest"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// mcpWorld is a real MCP server that wants tokens, and who issues them.
type mcpWorld struct {
	*world
	issuer *practicetest.Provider
	url    string // of the MCP server

	mu    sync.Mutex
	asked []issuerRequest // of the issuer
	doc   map[string]any  // what the issuer's document says differently
	hold  chan struct{}   // where set, /register is answered once it is closed
	held  int             // requests that wait for that

	before func(rw http.ResponseWriter, r *http.Request) bool // has answered in the issuer's place; may be nil
}

// issuerRequest is a request to the issuer, as far as it matters here.
type issuerRequest struct {
	path string
	form url.Values
}

// newMCPWorld starts them; the scopes are what the server asks of a token.
func newMCPWorld(t *testing.T, scopes []string, clients ...server.Client) *mcpWorld {
	w := &mcpWorld{world: newWorld(t), doc: map[string]any{}}
	w.issuer = practicetest.Start(t, server.Options{Clients: clients}, w.listen)
	w.url = mcptest.Start(t, w.issuer.Issuer, scopes...)
	t.Setenv("AUTHTRAY_SOCKET", w.paths.Socket)
	return w
}

// listen records what the issuer is asked, and lets its document say more.
func (w *mcpWorld) listen(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/register" { // its body is JSON
			r.ParseForm()
		}
		w.mu.Lock()
		w.asked = append(w.asked, issuerRequest{r.URL.Path, r.Form})
		hold, before := w.hold, w.before
		w.mu.Unlock()
		if before != nil && before(rw, r) {
			return
		}
		if r.URL.Path == "/register" && hold != nil {
			w.wait(r.Context(), hold)
		}
		if !strings.HasPrefix(r.URL.Path, "/.well-known/") {
			next.ServeHTTP(rw, r)
			return
		}
		plain := httptest.NewRecorder()
		next.ServeHTTP(plain, r)
		var doc map[string]any
		json.Unmarshal(plain.Body.Bytes(), &doc)
		w.mu.Lock()
		for k, v := range w.doc {
			doc[k] = v
		}
		w.mu.Unlock()
		rw.Header().Set("Content-Type", "application/json")
		json.NewEncoder(rw).Encode(doc)
	})
}

// wait holds a request back until hold is closed or its client gives up.
func (w *mcpWorld) wait(ctx context.Context, hold <-chan struct{}) {
	w.mu.Lock()
	w.held++
	w.mu.Unlock()
	select {
	case <-hold:
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held--
}

// requests are those to a path so far.
func (w *mcpWorld) requests(path string) (all []url.Values) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.asked {
		if a.path == path {
			all = append(all, a.form)
		}
	}
	return all
}

// session is an MCP client that has its tokens from the agent.
func (w *mcpWorld) session(name string) *mcp.ClientSession {
	w.t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "tool", Version: "1"}, nil)
	s, err := c.Connect(w.t.Context(), &mcp.StreamableClientTransport{
		Endpoint: w.url, HTTPClient: &http.Client{Transport: &client.Transport{Name: name}}, DisableStandaloneSSE: true, MaxRetries: -1,
	}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	return s
}

func (w *mcpWorld) addFiles() {
	w.t.Helper()
	w.call("PUT", "/connections/files", map[string]any{"mcp": w.url}).ok()
}

func TestAnMCPServerIsConnectedToByItsURLAlone(t *testing.T) {
	w := newMCPWorld(t, []string{"openid"})
	w.addFiles()
	c := w.connect("files", "ada")
	if c.Config.ClientID != "" {
		t.Errorf("the user's file says client id %q, which the user did not say", c.Config.ClientID)
	}
	if n := len(w.requests("/register")); n != 1 {
		t.Errorf("registered %d times", n)
	}
	session := w.session("files")
	if got := mcptest.Who(w.t, session); !strings.Contains(got, "Ada") {
		t.Errorf("the MCP server knows the caller as %q", got)
	}

	// The token is taken away, the session goes on.
	old := w.call("GET", "/connections/files/token", nil).token().AccessToken
	w.clock.pass(11 * time.Second) // or it would be too new to be renewed
	w.issuer.RejectAccess(old)
	if got := mcptest.Who(w.t, session); !strings.Contains(got, "Ada") {
		t.Errorf("after a refused token the caller is %q", got)
	}
	if now := w.call("GET", "/connections/files/token", nil).token().AccessToken; now == old {
		t.Error("the token was not renewed")
	}
	for _, path := range []string{"/authorize", "/token"} {
		for _, form := range w.requests(path) {
			if form.Get("resource") != w.url {
				t.Errorf("a request to %s names the resource %q", path, form.Get("resource"))
			}
			if path == "/authorize" && form.Get("code_challenge_method") != "S256" {
				t.Error("no PKCE")
			}
		}
	}
	if n := len(w.requests("/token")); n != 2 {
		t.Errorf("%d token requests, want the exchange and one refresh", n)
	}

	// Another agent knows the registered client.
	w.stop()
	w.start()
	w.call("POST", "/connections/files/refresh", nil).ok()
	if n := len(w.requests("/register")); n != 1 {
		t.Errorf("registered %d times", n)
	}
	w.call("DELETE", "/connections/files", nil).ok()
	if got := w.agent.clients.records.Load("files"); got.ClientID != "" {
		t.Error("a removed connection's client is still remembered")
	}
}

func TestAnIssuerThatForgotOurClientIsRegisteredWithAgainAtTheFirstReconnect(t *testing.T) {
	w := newMCPWorld(t, nil)
	w.addFiles()
	w.connect("files", "ada")
	first := w.agent.clients.records.Load("files").ClientID
	w.issuer.ForgetClient(first)
	p := w.call("POST", "/connections/files/refresh", nil)
	if p.status == 200 {
		t.Fatal("a forgotten client was not refused")
	}
	var c api.Connection
	eventually(t, "the user is asked to reconnect", func() bool {
		c = w.call("GET", "/connections/files", nil).connection()
		return c.State == tokens.ReconnectRequired
	})
	if c.Reason != tokens.ReasonClientForgotten || !strings.Contains(c.Detail, "registered again") {
		t.Errorf("it is told as %s: %s", c.Reason, c.Detail)
	}
	second := w.agent.clients.records.Load("files").ClientID
	if n := len(w.requests("/register")); n != 2 || second == first {
		t.Errorf("registered %d times, now as %s", n, second)
	}
	before := len(w.requests("/token"))
	w.call("GET", "/connections/files/token", nil).problem(tokens.CodeReconnectRequired, 409)
	w.connect("files", "ada")
	if after := len(w.requests("/token")); after != before+1 {
		t.Errorf("%d token requests, want the exchange alone", after-before)
	}
	if n := len(w.requests("/register")); n != 2 {
		t.Errorf("registered %d times", n)
	}
	mcptest.Who(w.t, w.session("files"))
}

func TestClientsThatTheIssuerForgotDoNotWaitForEachOther(t *testing.T) {
	w := newMCPWorld(t, nil)
	names := []string{"files", "more"}
	for _, name := range names {
		w.call("PUT", "/connections/"+name, map[string]any{"mcp": w.url}).ok()
		w.connect(name, "ada")
		w.issuer.ForgetClient(w.agent.clients.records.Load(name).ClientID)
	}
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	w.mu.Lock()
	w.hold = hold
	w.mu.Unlock()
	for _, name := range names {
		if w.call("POST", "/connections/"+name+"/refresh", nil).status == 200 {
			t.Fatal("a forgotten client was not refused")
		}
	}
	eventually(t, "both register again at the same time", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.held == len(names)
	})
	release()
	for _, name := range names {
		eventually(t, name+" asks to reconnect", func() bool {
			return w.call("GET", "/connections/"+name, nil).connection().Reason == tokens.ReasonClientForgotten
		})
	}
}

func TestASignInThatEndsAtTheIssuersErrorPageIsBegunAnewWithAnotherClient(t *testing.T) {
	w := newMCPWorld(t, nil)
	w.addFiles()
	w.connect("files", "ada")
	w.call("DELETE", "/connections/files/grant", nil).ok()
	w.issuer.ForgetClient(w.agent.clients.records.Load("files").ClientID)
	at := w.begin("files", nil)
	if redirect, err := practicetest.Consent(t.Context(), at.URL, "ada"); err == nil {
		t.Fatalf("the issuer sends the browser of an unknown client to %s", redirect)
	}
	w.call("DELETE", "/connections/files/connect", nil).ok()
	w.connect("files", "ada")
	if n := len(w.requests("/register")); n != 2 {
		t.Errorf("registered %d times", n)
	}
}

func TestACanceledSignInWithANewClientRegistersNoOther(t *testing.T) {
	w := newMCPWorld(t, nil)
	w.addFiles()
	w.begin("files", nil)
	w.call("DELETE", "/connections/files/connect", nil).ok()
	w.connect("files", "ada")
	if n := len(w.requests("/register")); n != 1 {
		t.Errorf("registered %d times", n)
	}
}

func TestAClientDocumentIsUsedWhereTheIssuerTakesThem(t *testing.T) {
	const document = "https://app.example.org/client.json"
	known := server.Client{ID: document, Name: "Document", RedirectURIs: []string{"http://127.0.0.1/callback"}, AnyPort: true}
	w := newMCPWorld(t, nil, known)
	w.call("PUT", "/connections/plain", map[string]any{"mcp": w.url, "client_id": document}).ok()
	w.connect("plain", "ada")
	if got := w.requests("/authorize"); got[0].Get("client_id") == document || len(w.requests("/register")) != 1 {
		t.Error("an issuer that announces no such documents was sent one")
	}
	w.mu.Lock()
	w.doc["client_id_metadata_document_supported"] = true
	w.mu.Unlock()
	w.call("PUT", "/connections/files", map[string]any{"mcp": w.url, "client_id": document}).ok()
	w.connect("files", "ada")
	all := w.requests("/authorize")
	if got := all[len(all)-1].Get("client_id"); got != document || len(w.requests("/register")) != 1 {
		t.Errorf("the client is %q", got)
	}
	mcptest.Who(w.t, w.session("files"))
}

func TestTheBuildsClientDocumentIsUsedWhereTheIssuerTakesThem(t *testing.T) {
	const document = "https://authtray.example/client.json"
	providers.ClientDocument = document
	t.Cleanup(func() { providers.ClientDocument = "" })
	known := server.Client{ID: document, Name: "Authtray", RedirectURIs: []string{"http://127.0.0.1/callback"}, AnyPort: true}
	w := newMCPWorld(t, nil, known)
	w.call("PUT", "/connections/plain", map[string]any{"mcp": w.url}).ok()
	w.connect("plain", "ada")
	if got := w.requests("/authorize"); got[0].Get("client_id") == document || len(w.requests("/register")) != 1 {
		t.Error("an issuer that announces no such documents was sent one")
	}
	w.mu.Lock()
	w.doc["client_id_metadata_document_supported"] = true
	w.mu.Unlock()
	w.addFiles()
	w.connect("files", "ada")
	all := w.requests("/authorize")
	if got := all[len(all)-1].Get("client_id"); got != document || len(w.requests("/register")) != 1 {
		t.Errorf("the client is %q, and %d were registered", got, len(w.requests("/register")))
	}
	w.call("POST", "/connections/files/refresh", nil).ok()
}

func TestAStepUpAsksForMoreAndKeepsIt(t *testing.T) {
	w := newMCPWorld(t, nil)
	w.addFiles()
	w.connect("files", "ada")
	if got := w.call("GET", "/connections/files", nil).connection().Scopes; slices.Contains(got, "notes.write") {
		t.Fatalf("the scopes are %v before the step up", got)
	}
	w.consent(w.begin("files", map[string]any{"scopes": []string{"notes.write"}}), "ada")
	var c api.Connection
	eventually(t, "the scopes are the connection's", func() bool {
		c = w.call("GET", "/connections/files", nil).connection()
		return slices.Contains(c.Config.Scopes, "notes.write")
	})
	if c.State != tokens.Connected || !slices.Contains(c.Scopes, "notes.write") || !slices.Contains(c.Scopes, "openid") {
		t.Errorf("after the step up it is %s with %v", c.State, c.Scopes)
	}
	if n := len(w.requests("/register")); n != 1 {
		t.Errorf("registered %d times", n)
	}
}

// holdsToScope has the issuer refuse what a client did not register for.
func (w *mcpWorld) holdsToScope() {
	var mu sync.Mutex
	var registered []string
	w.before = func(rw http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		switch r.URL.Path {
		case "/register":
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			var in struct{ Scope string }
			json.Unmarshal(body, &in)
			registered = strings.Fields(in.Scope)
		case "/par", "/authorize":
			for _, scope := range strings.Fields(r.FormValue("scope")) {
				if slices.Contains(registered, scope) {
					continue
				}
				back := url.Values{"error": {"invalid_scope"}, "state": {r.FormValue("state")}, "iss": {w.issuer.Issuer}}
				if r.URL.Path == "/authorize" {
					http.Redirect(rw, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusFound)
					return true
				}
				rw.Header().Set("Content-Type", "application/json")
				rw.WriteHeader(http.StatusBadRequest)
				io.WriteString(rw, `{"error":"invalid_scope"}`)
				return true
			}
		}
		return false
	}
}

func TestAStepUpRefusedForTheRegisteredScopeRegistersAgainOnce(t *testing.T) {
	for name, pages := range map[string]int{"at once": 2, "in the browser": 3} {
		t.Run(name, func(t *testing.T) {
			w := newMCPWorld(t, nil)
			w.doc["scopes_supported"] = []string{"openid", "offline_access"}
			w.doc["require_pushed_authorization_requests"] = true
			if name == "in the browser" {
				delete(w.doc, "require_pushed_authorization_requests")
				w.doc["pushed_authorization_request_endpoint"] = nil
			}
			w.holdsToScope()
			opened := 0
			w.agent.signIns.open = func(_ context.Context, at string) error {
				if opened++; opened < pages && opened > 1 { // the issuer's own answer is a redirect at once
					go http.Get(at)
					return nil
				}
				w.browsers.Go(func() { w.consent(api.Attempt{URL: at}, "ada") })
				return nil
			}
			w.addFiles()
			w.call("POST", "/connections/files/connect?wait=true", map[string]any{"mode": "browser"}).ok()
			c := w.call("POST", "/connections/files/connect?wait=true", map[string]any{"mode": "browser", "scopes": []string{"notes.write"}}).connection()
			if c.State != tokens.Connected || !slices.Contains(c.Scopes, "notes.write") {
				t.Errorf("after the step up it is %s with %v", c.State, c.Scopes)
			}
			if n := len(w.requests("/register")); n != 2 || opened != pages {
				t.Errorf("registered %d times, with %d pages", n, opened)
			}
		})
	}
}

func TestAnIssuerThatRegistersNobodySaysWhatToDo(t *testing.T) {
	w := newMCPWorld(t, nil)
	w.doc["registration_endpoint"] = nil
	w.addFiles()
	p := w.call("POST", "/connections/files/connect", map[string]any{"mode": "url"}).problem(api.CodeConnectFailed, 409)
	if !strings.Contains(p.Detail, "authtray add files --client-id ID") || !strings.Contains(p.Detail, "http://127.0.0.1") {
		t.Errorf("it is told as %q", p.Detail)
	}
}
