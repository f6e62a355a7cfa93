package server

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// withIss adds iss to every redirect that leaves this server with a code or an
// error (RFC 9207), which pkg/op does not.
func withIss(issuer string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&issWriter{ResponseWriter: w, issuer: issuer}, r)
	})
}

type issWriter struct {
	http.ResponseWriter
	issuer string
}

func (w *issWriter) WriteHeader(status int) {
	if to := w.Header().Get("Location"); to != "" {
		w.Header().Set("Location", addIss(to, w.issuer))
	}
	w.ResponseWriter.WriteHeader(status)
}

func addIss(location, issuer string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" || strings.HasPrefix(location, issuer+"/") {
		return location
	}
	q := u.Query()
	if !q.Has("code") && !q.Has("error") {
		return location
	}
	q.Set("iss", issuer)
	u.RawQuery = q.Encode()
	return u.String()
}

//go:embed pages/*.html pages/*.css
var pageFiles embed.FS

var pages = template.Must(template.New("").ParseFS(pageFiles, "pages/*.html"))

func (s *Server) routePages(mux *http.ServeMux) {
	page := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, asPage(h)) }
	page("GET /{$}", s.home)
	page("GET /style.css", style)
	page("GET /signin", s.signInPage)
	page("POST /signin", s.signIn)
	page("POST /signout", s.signOut)
	page("GET /consent", s.consentPage)
	page("POST /consent", s.consent)
	page("GET /account", s.accountPage)
	page("POST /account/remove", s.removeAccess)
	page("GET /device", s.devicePage)
	page("POST /device", s.deviceAnswer)
}

// asPage gives pages the headers that every sign-in page should have, and lets
// no other site submit their forms.
func asPage(h http.HandlerFunc) http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'")
		h(w, r)
	}))
}

func style(w http.ResponseWriter, _ *http.Request) {
	css, _ := pageFiles.ReadFile("pages/style.css") // embedded
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Write(css)
}

func (s *Server) show(w http.ResponseWriter, status int, page string, data any) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, page, data); err != nil {
		s.log.Error("a page cannot be shown", "page", page, "err", err)
		http.Error(w, "This page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	out.WriteTo(w)
}

func (s *Server) sorry(w http.ResponseWriter, status int, why string) {
	s.show(w, status, "message.html", map[string]any{"Title": "That did not work", "Text": why})
}

func (s *Server) home(w http.ResponseWriter, _ *http.Request) {
	s.show(w, http.StatusOK, "home.html", map[string]any{"Issuer": s.opts.Issuer})
}

func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) {
	hinted, ok := findUser(r.FormValue("hint"))
	if !ok {
		hinted = users[0]
	}
	s.show(w, http.StatusOK, "signin.html", map[string]any{"User": hinted, "Users": users})
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	u, ok := findUser(r.FormValue("username"))
	if as, given := findUser(r.PostFormValue("as")); given {
		u, ok = as, true
	}
	if !ok {
		s.show(w, http.StatusUnprocessableEntity, "signin.html", map[string]any{
			"User": users[0], "Users": users, "Problem": "Nobody here has that name. Take ada or grace.",
		})
		return
	}
	s.sessions.begin(w, u)
	http.Redirect(w, r, here(r.FormValue("next")), http.StatusSeeOther)
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	s.sessions.end(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// toSignIn sends a browser to sign in first and come back.
func toSignIn(w http.ResponseWriter, r *http.Request, hint string) {
	q := url.Values{"next": {r.URL.RequestURI()}}
	if hint != "" {
		q.Set("hint", hint)
	}
	http.Redirect(w, r, "/signin?"+q.Encode(), http.StatusSeeOther)
}

func consentURL(request string) string { return "/consent?id=" + url.QueryEscape(request) }

// mustSignIn says whether the person has to sign in for this request although
// the browser is signed in: as someone else, or once more.
func mustSignIn(req authRequest, who session) bool {
	if hinted, ok := findUser(req.LoginHint); ok && hinted.ID != who.user.ID && who.seq <= req.signIns {
		return true
	}
	again := slices.Contains(req.Prompt, oidc.PromptLogin) || slices.Contains(req.Prompt, oidc.PromptSelectAccount)
	return again && who.seq <= req.signIns
}

// asked gives the request and the person of a consent page, or sends the
// browser where it should be.
func (s *Server) asked(w http.ResponseWriter, r *http.Request) (authRequest, user, bool) {
	req, err := s.requests.get(r.URL.Query().Get("id"))
	if err != nil {
		s.sorry(w, http.StatusNotFound, "This sign-in is over or was never begun. Start again in the app.")
		return req, user{}, false
	}
	who, ok := s.sessions.of(r)
	if !ok || mustSignIn(req, who) {
		toSignIn(w, r, req.LoginHint)
		return req, user{}, false
	}
	return req, who.user, true
}

func (s *Server) consentPage(w http.ResponseWriter, r *http.Request) {
	req, who, ok := s.asked(w, r)
	if !ok {
		return
	}
	to, _ := url.Parse(req.RedirectURI) // checked when it came
	s.showConsent(w, req.ClientID, who, req.Scopes, to.Host, "/signin?"+url.Values{"next": {r.URL.RequestURI()}}.Encode())
}

func (s *Server) showConsent(w http.ResponseWriter, clientID string, who user, scopes []string, where, switchURL string) {
	c, _ := s.client(clientID)
	s.show(w, http.StatusOK, "consent.html", map[string]any{
		"App": firstOf(c.Name, c.ID), "User": who, "Scopes": meanings(scopes), "Where": where, "Switch": switchURL,
	})
}

func meanings(scopes []string) []string {
	var out []string
	for _, scope := range scopes {
		out = append(out, firstOf(scopeMeaning[scope], scope))
	}
	return out
}

func (s *Server) consent(w http.ResponseWriter, r *http.Request) {
	req, who, ok := s.asked(w, r)
	if !ok {
		return
	}
	if r.PostFormValue("answer") != "allow" {
		s.deny(w, r, req)
		return
	}
	if err := s.requests.approve(req.id, who.ID); err != nil {
		s.sorry(w, http.StatusNotFound, "This sign-in is over. Start again in the app.")
		return
	}
	ctx := op.ContextWithIssuer(r.Context(), s.opts.Issuer)
	http.Redirect(w, r, s.callbackURL(ctx, req.id), http.StatusSeeOther)
}

// deny hands the app error=access_denied (RFC 6749 §4.1.2.1).
func (s *Server) deny(w http.ResponseWriter, r *http.Request, req authRequest) {
	s.requests.remove(req.id)
	to, _ := url.Parse(req.RedirectURI) // checked when it came
	q := to.Query()
	q.Set("error", "access_denied")
	q.Set("error_description", "The person said no.")
	if req.State != "" {
		q.Set("state", req.State)
	}
	to.RawQuery = q.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}
