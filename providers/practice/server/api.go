package server

import (
	"io"
	"net/http"
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
