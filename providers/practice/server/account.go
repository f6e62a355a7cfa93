package server

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// connected is one app on the account page: all living grants that a person
// gave to one client.
type connected struct {
	Client, Name string
	Scopes       []string
	Since, Last  time.Time
	Grants       int
}

func (s *Server) connectedApps(userID string) []*connected {
	var out []*connected
	by := map[string]*connected{}
	for _, g := range s.ledger.all() {
		if g.User != userID || g.Ended != "" {
			continue
		}
		c := by[g.Client]
		if c == nil {
			known, _ := s.client(g.Client)
			c = &connected{Client: g.Client, Name: firstOf(known.Name, g.Client), Scopes: meanings(g.Scopes), Since: g.Created}
			by[g.Client] = c
			out = append(out, c)
		}
		c.Grants++
		if g.Renewed.After(c.Last) {
			c.Last = g.Renewed
		}
	}
	return out
}

func (s *Server) accountPage(w http.ResponseWriter, r *http.Request) {
	who, ok := s.sessions.of(r)
	if !ok {
		toSignIn(w, r, "")
		return
	}
	s.show(w, http.StatusOK, "account.html", map[string]any{
		"User": who.user, "Apps": s.connectedApps(who.user.ID), "Removed": r.URL.Query().Has("removed"),
	})
}

// removeAccess ends every grant that the person gave to one app: its refresh
// and its access tokens stop working at once.
func (s *Server) removeAccess(w http.ResponseWriter, r *http.Request) {
	who, ok := s.sessions.of(r)
	if !ok {
		http.Redirect(w, r, "/account", http.StatusSeeOther)
		return
	}
	app := r.PostFormValue("client")
	s.ledger.endWhere(endedByUser, func(g grant) bool { return g.User == who.user.ID && g.Client == app })
	http.Redirect(w, r, "/account?removed", http.StatusSeeOther)
}

// devicePage asks for the code on the device, then for consent (RFC 8628 §3.3).
func (s *Server) devicePage(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Query().Get("user_code")
	if code == "" {
		s.show(w, http.StatusOK, "device.html", nil)
		return
	}
	who, ok := s.sessions.of(r)
	if !ok {
		toSignIn(w, r, "")
		return
	}
	d, ok := s.devices.find(code)
	if !ok {
		s.show(w, http.StatusNotFound, "device.html", map[string]any{"Problem": "No device shows that code now. Look at it again."})
		return
	}
	s.showConsent(w, d.client, who.user, d.scopes, "the device that shows "+d.userCode, "")
}

func (s *Server) deviceAnswer(w http.ResponseWriter, r *http.Request) {
	who, ok := s.sessions.of(r)
	if !ok {
		toSignIn(w, r, "")
		return
	}
	approved := ""
	if r.PostFormValue("answer") == "allow" {
		approved = who.user.ID
	}
	if !s.devices.answer(r.URL.Query().Get("user_code"), approved) {
		s.sorry(w, http.StatusNotFound, "That code is used up or too old. Start again on the device.")
		return
	}
	s.show(w, http.StatusOK, "message.html", map[string]any{"Title": "Done", "Text": "You may close this page and go back to your device."})
}

// user is one of the people of the practice provider. Nobody has a password.
type user struct {
	ID, Name, Given, Family, Email string
}

var users = []user{
	{ID: "ada", Name: "Ada Lovelace", Given: "Ada", Family: "Lovelace", Email: "ada@practice.example"},
	{ID: "grace", Name: "Grace Hopper", Given: "Grace", Family: "Hopper", Email: "grace@practice.example"},
}

// findUser knows a user by id or e-mail address, as a login_hint names them.
func findUser(name string) (user, bool) {
	for _, u := range users {
		if name == u.ID || name == u.Email {
			return u, true
		}
	}
	return user{}, false
}

// Initials are shown in place of a picture.
func (u user) Initials() string { return u.Given[:1] + u.Family[:1] }

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
