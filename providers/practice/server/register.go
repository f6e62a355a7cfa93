package server

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/op"
)

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
