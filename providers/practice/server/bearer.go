package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// tokenOf gives the access token and the grant behind the string that a client
// holds, while both are good.
func (s *Server) tokenOf(bearer string) (access, grant, error) {
	plain, err := s.crypto.Decrypt(bearer)
	if err != nil {
		return access{}, grant{}, errUnknownToken
	}
	id, _, _ := strings.Cut(plain, ":")
	return s.ledger.token(id)
}

// caller is whom a request to the API was made for.
type caller struct {
	access access
	grant  grant
}

func (c caller) may(scope string) bool { return slices.Contains(c.access.Scopes, scope) }

// withToken lets requests with a good access token through and answers the
// others 401 (RFC 6750 §3).
func (s *Server) withToken(next func(http.ResponseWriter, *http.Request, caller)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.apiHits.Add(1)
		w.Header().Set("Cache-Control", "no-store")
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="practice"`)
			writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "token_missing"})
			return
		}
		a, g, err := s.tokenOf(token)
		if err != nil {
			refuse(w, http.StatusUnauthorized, "invalid_token", err.Error(), "")
			return
		}
		next(w, r, caller{a, g})
	})
}

func refuse(w http.ResponseWriter, status int, code, why, scope string) {
	challenge := fmt.Sprintf(`Bearer realm="practice", error=%q, error_description=%q`, code, why)
	if scope != "" {
		challenge += fmt.Sprintf(", scope=%q", scope)
	}
	w.Header().Set("WWW-Authenticate", challenge)
	writeJSON(w, status, map[string]string{"error": code, "error_description": why})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // a reader that went away is no error of ours
}
