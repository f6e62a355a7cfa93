package agent

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-oauth2/oauth2/v4/generates"
	"github.com/go-oauth2/oauth2/v4/manage"
	"github.com/go-oauth2/oauth2/v4/models"
	oauthserver "github.com/go-oauth2/oauth2/v4/server"
	"github.com/go-oauth2/oauth2/v4/store"

	"github.com/authtray/authtray/tokens"
)

// independent is a provider built on github.com/go-oauth2/oauth2, which shares no
// code with the practice provider: it has no discovery, answers invalid_grant
// with 401, keeps the scope of a narrowed refresh for good, and compares redirect
// addresses with their port.
type independent struct {
	*httptest.Server
	manager *manage.Manager

	mu   sync.Mutex
	sent []url.Values // token requests
}

const independentSecret = "s3cret&+%"

func newIndependent(t *testing.T, port int) *independent {
	p := &independent{manager: manage.NewDefaultManager()}
	p.manager.SetAuthorizeCodeTokenCfg(&manage.Config{AccessTokenExp: time.Hour, RefreshTokenExp: 72 * time.Hour, IsGenerateRefresh: true})
	p.manager.MapAccessGenerate(generates.NewAccessGenerate())
	p.manager.MustTokenStorage(store.NewMemoryTokenStore())
	clients := store.NewClientStore()
	home := fmt.Sprintf("http://127.0.0.1:%d", port)
	clients.Set("public", &models.Client{ID: "public", Domain: home, Public: true})
	clients.Set("confidential", &models.Client{ID: "confidential", Secret: independentSecret, Domain: home})
	p.manager.MapClientStorage(clients)

	s := oauthserver.NewDefaultServer(p.manager)
	s.Config.ForcePKCE = true
	s.SetClientInfoHandler(func(r *http.Request) (string, string, error) {
		if id, secret, ok := r.BasicAuth(); ok { // form-encoded first (RFC 6749 §2.3.1), which the library leaves to its user
			id, _ = url.QueryUnescape(id)
			secret, _ = url.QueryUnescape(secret)
			return id, secret, nil
		}
		return r.FormValue("client_id"), "", nil
	})
	s.SetUserAuthorizationHandler(func(http.ResponseWriter, *http.Request) (string, error) { return "ada", nil })
	mux := http.NewServeMux()
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		if err := s.HandleAuthorizeRequest(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		p.mu.Lock()
		p.sent = append(p.sent, r.PostForm)
		p.mu.Unlock()
		s.HandleTokenRequest(w, r)
	})
	mux.HandleFunc("/revoke", p.revoke(s))
	mux.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
		is, err := s.ValidationBearerToken(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		json.NewEncoder(w).Encode(map[string]string{"id": is.GetUserID(), "scope": is.GetScope()})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// revoke is RFC 7009, which the library has the parts for.
func (p *independent) revoke(s *oauthserver.Server) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if id, _, err := s.ClientInfoHandler(r); err != nil || id == "" {
			http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
			return
		}
		p.end(r, r.FormValue("token"))
	}
}

func (p *independent) end(r *http.Request, refreshToken string) {
	if is, err := p.manager.LoadRefreshToken(r.Context(), refreshToken); err == nil {
		p.manager.RemoveAccessToken(r.Context(), is.GetAccess())
		p.manager.RemoveRefreshToken(r.Context(), refreshToken)
	}
}

func (p *independent) requests() []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sent)
}

// refreshToken is what the agent keeps in the keychain.
func (w *world) refreshToken(name string) string {
	w.t.Helper()
	data, err := w.store.Get(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	var kept struct {
		RefreshToken string `json:"refresh_token"`
	}
	json.Unmarshal(data, &kept)
	return kept.RefreshToken
}

// addIndependent describes the provider as a user would, in a file of their own.
func (w *world) addIndependent(p *independent, port int, auth, secret string) {
	w.t.Helper()
	entry := strings.NewReplacer("URL", p.URL, "PORT", fmt.Sprint(port), "AUTH", auth, "SECRET", secret).Replace(`id = "other"
name = "Other"
authorize = "URL/authorize"
token = "URL/token"
[client]
auth = "AUTH"
secret = "SECRET"
[authorize_opts]
scopes = ["read", "write"]
[redirect]
port = "PORT"
[revoke]
url = "URL/revoke"
[whoami]
url = "URL/me"
account_id = "id"
label = ["id"]
`)
	if err := os.MkdirAll(w.paths.Providers(), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.paths.Providers(), "other.toml"), []byte(entry), 0o600); err != nil {
		w.t.Fatal(err)
	}
	eventually(w.t, "the entry is taken up", func() bool { return w.call("GET", "/providers/other", nil).status == 200 })
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestAGrantLivesItsLifeAtAProviderThatOthersBuilt(t *testing.T) {
	for _, tt := range []struct{ client, auth, secret string }{{"public", "none", "none"}, {"confidential", "basic", "required"}} {
		t.Run(tt.client, func(t *testing.T) {
			w := newWorld(t)
			port := freePort(t)
			p := newIndependent(t, port)
			w.addIndependent(p, port, tt.auth, tt.secret)
			w.call("PUT", "/connections/work", map[string]any{"provider": "other", "client_id": tt.client}).ok()
			if tt.secret == "required" {
				w.call("PUT", "/connections/work/secret", map[string]string{"client_secret": independentSecret}).ok()
			}
			visit := func() { // it asks nobody: its page is a redirect
				resp, err := http.Get(w.begin("work", nil).URL)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				eventually(t, "it is connected", func() bool {
					return w.call("GET", "/connections/work", nil).connection().State == tokens.Connected
				})
			}
			visit()
			if c := w.call("GET", "/connections/work", nil).connection(); c.Account != "ada" || !c.Refreshable || c.ExpiresAt == nil {
				t.Errorf("connected as %+v", c.Status)
			}

			// Each refresh replaces the refresh token, and the old one is dead.
			first := w.refreshToken("work")
			w.call("POST", "/connections/work/refresh", nil).ok()
			second := w.refreshToken("work")
			if second == first {
				t.Error("the refresh token was not replaced")
			}
			if _, err := p.manager.LoadRefreshToken(t.Context(), first); err == nil {
				t.Error("the old refresh token still works there")
			}

			// A narrower token; the grant has all its scopes afterwards.
			less := w.call("GET", "/connections/work/token?scope=read", nil).token()
			if !slices.Equal(less.Scopes, []string{"read"}) {
				t.Errorf("a token for read has %v", less.Scopes)
			}
			w.call("POST", "/connections/work/refresh", nil).ok()
			if got := w.call("GET", "/connections/work/token", nil).token().Scopes; !slices.Equal(got, []string{"read", "write"}) {
				t.Errorf("after a narrower token the grant's own has %v", got)
			}

			// Revoked there: invalid_grant, which this provider says with 401.
			gone := w.refreshToken("work")
			p.manager.RemoveRefreshToken(t.Context(), gone)
			before := len(p.requests())
			w.call("POST", "/connections/work/refresh", nil).problem(tokens.CodeReconnectRequired, 409)
			w.call("GET", "/connections/work/token", nil).problem(tokens.CodeReconnectRequired, 409)
			if n := len(p.requests()) - before; n != 1 {
				t.Errorf("%d token requests after the revocation", n)
			}

			// Connected again, and revoked from here.
			visit()
			last := w.refreshToken("work")
			if body := string(w.call("DELETE", "/connections/work/grant", nil).ok().body); !strings.Contains(body, `"revoked":true`) {
				t.Errorf("giving it back is answered %s", body)
			}
			if _, err := p.manager.LoadRefreshToken(t.Context(), last); err == nil {
				t.Error("the grant lives on there")
			}
		})
	}
}
