package server

import (
	"net/http"
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
