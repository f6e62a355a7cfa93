package server

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// The clients that every practice provider knows.
const (
	PublicClient       = "authtray-practice"              // no secret; http://127.0.0.1, [::1] or localhost, any port, /callback
	ConfidentialClient = "authtray-practice-confidential" // secret ConfidentialSecret, Basic or in the body; redirects as above
	ConfidentialSecret = "practice-secret"
	FixedClient        = "authtray-practice-fixed" // no secret; exactly FixedRedirect
	FixedRedirect      = "http://127.0.0.1:47811/callback"
	PARClient          = "authtray-practice-par"   // no secret; its authorization requests must be pushed (RFC 9126)
	PasteClient        = "authtray-practice-paste" // no secret; exactly PasteRedirect, which no browser reaches
	PasteRedirect      = "https://authtray.invalid/callback"
)

// Client is a registered client.
type Client struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Secret       string   `json:"secret,omitempty"` // "": a public client, which must use PKCE
	RedirectURIs []string `json:"redirect_uris"`
	AnyPort      bool     `json:"any_port,omitempty"`    // loopback redirects match whatever their port (RFC 8252 §7.3)
	RequirePAR   bool     `json:"require_par,omitempty"` // RFC 9126 §6
}

func builtinClients() []Client {
	loopback := []string{"http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost/callback"}
	return []Client{
		{ID: PublicClient, Name: "Authtray", RedirectURIs: loopback, AnyPort: true},
		{ID: ConfidentialClient, Name: "Authtray (with a secret)", Secret: ConfidentialSecret, RedirectURIs: loopback, AnyPort: true},
		{ID: FixedClient, Name: "Authtray (fixed port)", RedirectURIs: []string{FixedRedirect}},
		{ID: PARClient, Name: "Authtray (pushed requests)", RedirectURIs: loopback, AnyPort: true, RequirePAR: true},
		{ID: PasteClient, Name: "Authtray (paste-back)", RedirectURIs: []string{PasteRedirect}},
	}
}

// client shows a Client to pkg/op.
type client struct{ Client }

var _ op.Client = client{}

func (c client) GetID() string                    { return c.ID }
func (c client) RedirectURIs() []string           { return c.Client.RedirectURIs }
func (c client) PostLogoutRedirectURIs() []string { return nil }

// ApplicationType decides how pkg/op compares redirect URIs: native clients may
// choose the loopback port, web clients must match to the letter.
func (c client) ApplicationType() op.ApplicationType {
	if c.AnyPort {
		return op.ApplicationTypeNative
	}
	return op.ApplicationTypeWeb
}

// DevMode lets an exactly registered redirect be http: it is loopback here.
func (c client) DevMode() bool { return true }

func (c client) AuthMethod() oidc.AuthMethod {
	if c.Secret == "" {
		return oidc.AuthMethodNone
	}
	return oidc.AuthMethodBasic
}

func (c client) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeDeviceCode}
}

func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

func (c client) LoginURL(request string) string       { return consentURL(request) }
func (c client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (c client) IDTokenLifetime() time.Duration       { return time.Hour }
func (c client) IsScopeAllowed(scope string) bool     { return slices.Contains(scopesSupported, scope) }
func (c client) IDTokenUserinfoClaimsAssertion() bool { return true }
func (c client) ClockSkew() time.Duration             { return 0 }

func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string     { return same }
func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string { return same }

func (c client) secretIs(secret string) bool {
	return c.Secret != "" && subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) == 1
}

func same(scopes []string) []string { return scopes }

// scopesSupported are the scopes there are; another one is refused.
var scopesSupported = []string{"openid", "profile", "email", "offline_access", "notes.read", "notes.write"}

// scopeMeaning is what the consent page says of a scope.
var scopeMeaning = map[string]string{
	"openid":         "Know who you are",
	"profile":        "See your name",
	"email":          "See your e-mail address",
	"offline_access": "Keep this access while you are away",
	"notes.read":     "Read your notes",
	"notes.write":    "Write your notes",
}

// registration is RFC 7591's client metadata, as far as it matters here.
type registration struct {
	RedirectURIs []string `json:"redirect_uris"`
	Name         string   `json:"client_name,omitempty"`
	Auth         string   `json:"token_endpoint_auth_method,omitempty"`
	GrantTypes   []string `json:"grant_types,omitempty"`
	Responses    []string `json:"response_types,omitempty"`
	Scope        string   `json:"scope,omitempty"`
	Type         string   `json:"application_type,omitempty"`
	RequirePAR   bool     `json:"require_pushed_authorization_requests,omitempty"`
}

// registered is RFC 7591's answer (§3.2.1).
type registered struct {
	ID       string `json:"client_id"`
	Secret   string `json:"client_secret,omitempty"`
	IssuedAt int64  `json:"client_id_issued_at"`
	Expires  *int   `json:"client_secret_expires_at,omitempty"` // 0: never
	registration
}

// register is the dynamic client registration endpoint, open to all.
func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	var in registration
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		refuseRegistration(w, "invalid_client_metadata", "the body is not JSON client metadata")
		return
	}
	if !redirectsFit(in.RedirectURIs) {
		refuseRegistration(w, "invalid_redirect_uri", "redirect_uris must be loopback or https addresses")
		return
	}
	if in.Auth == "" {
		in.Auth = "client_secret_basic"
	}
	writeJSON(w, http.StatusCreated, s.enroll(in))
}

func refuseRegistration(w http.ResponseWriter, code, why string) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": code, "error_description": why})
}

func redirectsFit(uris []string) bool {
	for _, uri := range uris {
		if _, loopback := op.HTTPLoopbackOrLocalhost(uri); !loopback && !strings.HasPrefix(uri, "https://") {
			return false
		}
	}
	return len(uris) > 0
}

func (s *Server) enroll(in registration) registered {
	out := registered{ID: "practice-" + randomID(9), IssuedAt: s.opts.Now().Unix(), registration: in}
	if in.Auth != "none" {
		out.Secret, out.Expires = randomID(32), new(int)
	}
	c := Client{ID: out.ID, Name: in.Name, Secret: out.Secret, RedirectURIs: in.RedirectURIs, AnyPort: true, RequirePAR: in.RequirePAR}
	for _, uri := range in.RedirectURIs {
		_, loopback := op.HTTPLoopbackOrLocalhost(uri)
		c.AnyPort = c.AnyPort && loopback
	}
	s.ledger.configure(func(l *ledger) { l.book.Clients[c.ID] = c })
	return out
}
