package server

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
)

const sessionCookie = "practice_session"

// sessions knows which browser belongs to whom. Safe for concurrent use.
type sessions struct {
	mu   sync.Mutex
	next int
	by   map[string]session
}

// session is a browser's sign-in; seq grows with each sign-in, so that "sign in
// again" can be told from "signed in before".
type session struct {
	user user
	seq  int
}

func newSessions() *sessions { return &sessions{by: map[string]session{}} }

// begin signs a browser in.
func (s *sessions) begin(w http.ResponseWriter, u user) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := randomID(16)
	s.next++
	s.by[id] = session{u, s.next}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (s *sessions) of(r *http.Request) (session, bool) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.by[c.Value]
	return found, ok
}

func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(sessionCookie); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.by, c.Value)
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1})
}

// count is the seq of the newest sign-in.
func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

// here keeps a "next" address on this server.
func here(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, `\`) {
		return "/account"
	}
	return next
}
