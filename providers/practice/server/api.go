package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxEcho bounds what /api/echo takes, in bytes.
const maxEcho = 1 << 20

// routeAPI is the sample API: something worth having a token for.
//
//	GET  /api/notes    any good token
//	POST /api/notes    scope notes.write, else 403 insufficient_scope
//	GET  /api/whoami   whose token this is
//	ANY  /api/echo     what was received; never the token
func (s *Server) routeAPI(mux *http.ServeMux) {
	mux.Handle("GET /api/notes", s.withToken(s.listNotes))
	mux.Handle("POST /api/notes", s.withToken(s.addNote))
	mux.Handle("GET /api/whoami", s.withToken(s.whoami))
	mux.Handle("/api/echo", s.withToken(s.echo))
}

func (s *Server) listNotes(w http.ResponseWriter, _ *http.Request, c caller) {
	u, _ := findUser(c.grant.User)
	writeJSON(w, http.StatusOK, map[string]any{"notes": []map[string]string{
		{"id": "1", "text": "Hello " + u.Given + ", this came through your token."},
		{"id": "2", "text": "It opens this door for a minute. Then another one will."},
	}})
}

func (s *Server) addNote(w http.ResponseWriter, _ *http.Request, c caller) {
	if !c.may("notes.write") {
		refuse(w, http.StatusForbidden, "insufficient_scope", "writing needs notes.write", "notes.write")
		return
	}
	writeJSON(w, http.StatusCreated, map[string]string{"id": "3"})
}

func (s *Server) whoami(w http.ResponseWriter, _ *http.Request, c caller) {
	u, _ := findUser(c.grant.User)
	out := map[string]any{
		"sub": u.ID, "name": u.Name, "email": u.Email,
		"client_id": c.grant.Client, "grant": c.grant.ID, "scopes": c.access.Scopes,
	}
	if !c.access.Expires.IsZero() {
		out["expires_at"] = c.access.Expires.UTC().Format(time.RFC3339)
	}
	if c.access.Resource != "" {
		out["resource"] = c.access.Resource
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Server) echo(w http.ResponseWriter, r *http.Request, _ caller) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEcho))
	if err != nil {
		writeJSON(w, http.StatusRequestEntityTooLarge, map[string]string{"error": "body_too_large"})
		return
	}
	h := r.Header.Clone()
	h.Del("Authorization")
	writeJSON(w, http.StatusOK, map[string]any{
		"method": r.Method, "path": r.URL.EscapedPath(), "query": r.URL.RawQuery, "headers": h, "body": string(body),
	})
}

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
