package tools

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/authtray/authtray/app/tools/mcp/mcptest"
	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// documentIssuer is a host with an https certificate of an authority of its own. On
// it are an issuer that takes Client ID Metadata Documents, if it announces that; an
// MCP server; and the document that Authtray's release publishes.
type documentIssuer struct {
	*world
	url       string
	caFile    string
	announces bool

	mu         sync.Mutex
	clients    []string // the ids that /authorize was sent
	registered int
}

// document is where the release's document is, on that host.
const document = "/authtray/client.json"

func newDocumentIssuer(w *world, announces bool) *documentIssuer {
	w.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	i := &documentIssuer{world: w, url: "https://" + l.Addr().String(), announces: announces}
	known := server.Client{ID: i.url + document, Name: "Authtray", RedirectURIs: []string{"http://127.0.0.1/callback", "http://localhost/callback"}, AnyPort: true}
	practice, err := server.New(server.Options{Issuer: i.url, Clients: []server.Client{known}})
	if err != nil {
		w.Fatal(err)
	}
	w.provider = &practicetest.Provider{Server: practice, Issuer: i.url}
	template, err := os.ReadFile("../../../assets/client.json.in")
	if err != nil {
		w.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc(document, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		rw.Write([]byte(strings.ReplaceAll(string(template), "@URL@", i.url+document)))
	})
	mcptest.Serve(mux, i.url, i.url)
	mux.Handle("/", i.issuer(practice.Handler()))
	front := faultkit.New(faultkit.Options{}).StartTLSOn(w, l, mux)
	i.caFile = front.CAFile
	plain := http.DefaultTransport // of this test's browser, and of the issuer that reads the document
	http.DefaultTransport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: front.Roots}}
	w.Cleanup(func() { http.DefaultTransport = plain })
	return i
}

// issuer announces what it takes, and reads the document of a client before it lets
// a browser sign in for it.
func (i *documentIssuer) issuer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server":
			plain := httptest.NewRecorder()
			next.ServeHTTP(plain, r)
			var doc map[string]any
			json.Unmarshal(plain.Body.Bytes(), &doc)
			if i.announces {
				doc["client_id_metadata_document_supported"] = true
			}
			json.NewEncoder(rw).Encode(doc)
			return
		case "/register":
			i.mu.Lock()
			i.registered++
			i.mu.Unlock()
		case "/authorize":
			id := r.FormValue("client_id")
			i.mu.Lock()
			i.clients = append(i.clients, id)
			i.mu.Unlock()
			if strings.HasPrefix(id, "https:") && (!i.announces || !documentAllows(r.Context(), id, r.FormValue("redirect_uri"))) {
				http.Error(rw, "the client's document is none, or names another redirect_uri", http.StatusBadRequest)
				return
			}
		}
		next.ServeHTTP(rw, r)
	})
}

// documentAllows reads a client's document as draft-ietf-oauth-client-id-metadata-document
// §4 has it; of a loopback redirect_uri any port will do (RFC 8252 §7.3).
func documentAllows(ctx context.Context, id, redirect string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, id, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var doc struct {
		ID        string   `json:"client_id"`
		Secret    *string  `json:"client_secret"`
		Auth      string   `json:"token_endpoint_auth_method"`
		Redirects []string `json:"redirect_uris"`
		Grants    []string `json:"grant_types"`
	}
	u, err := url.Parse(redirect)
	if err != nil || resp.StatusCode != http.StatusOK || json.NewDecoder(resp.Body).Decode(&doc) != nil {
		return false
	}
	u.Host = u.Hostname()
	return doc.ID == id && doc.Secret == nil && doc.Auth == "none" && slices.Contains(doc.Redirects, u.String()) && slices.Contains(doc.Grants, "refresh_token")
}

// release builds the program as a release is built, with the address of its client's
// document.
func (w *world) release(document string) (folder string) {
	w.Helper()
	folder = w.dir("release")
	cmd := exec.CommandContext(w.Context(), "make", "-C", "../../..", "OUT="+folder, "CLIENT_DOCUMENT="+document, folder+"/authtray")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MAKE") })
	if out, err := cmd.CombinedOutput(); err != nil {
		w.Fatalf("%v: %s", err, out)
	}
	return folder
}

func TestReleaseUsesItsClientDocumentWhereTheIssuerTakesThem(t *testing.T) {
	need(t, "make", "make")
	for name, announces := range map[string]bool{"announced": true, "not announced": false} {
		t.Run(name, func(t *testing.T) {
			w := user(t)
			i := newDocumentIssuer(w, announces)
			t.Setenv("PATH", w.release(i.url+document)+string(filepath.ListSeparator)+os.Getenv("PATH"))
			w.agent()
			w.addNotes("mcp = \"" + i.url + "/mcp\"\nca_file = \"" + i.caFile + "\"\n")
			if got := mcptest.Who(w, w.mcpClient(w.command("authtray", "mcp", "notes"))); got != "Ada Lovelace" {
				t.Errorf("the server knows the caller as %q", got)
			}
			w.run("authtray", "refresh", "notes")
			i.mu.Lock()
			defer i.mu.Unlock()
			if sent := slices.Contains(i.clients, i.url+document); sent != announces || announces == (i.registered > 0) {
				t.Errorf("announced %v: the clients were %q, and %d were registered", announces, i.clients, i.registered)
			}
		})
	}
}
