package notify

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/providers/connlimit"
)

// page is a small web server on loopback for buttons that can only open a URL.
// A URL is used once and cannot be guessed (256 bits). Opening it does nothing:
// virus scanners and browsers open links ahead of people. It shows a button,
// and that acts.
type page struct {
	language *lang.Language

	mu     sync.Mutex
	server *http.Server // nil: nothing is offered, and nothing listens
	host   string
	offers map[string]offer // by the hash of the secret in the URL
}

type offer struct {
	name  string
	title string
	press func()
}

// offer returns the URL of a page with a button, in place of the one that is
// offered for name.
func (p *page) offer(name, title string, press func()) (string, error) {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	path := hex.EncodeToString(secret)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.listen(); err != nil {
		return "", fmt.Errorf("the page with the Reconnect button cannot be served: %w", err)
	}
	p.drop(name)
	p.offers[hash(path)] = offer{name, title, press}
	return "http://" + p.host + "/reconnect/" + path, nil
}

// withdraw makes the URL for name worthless, and stops listening with the last one.
func (p *page) withdraw(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(name)
	if len(p.offers) == 0 && p.server != nil {
		go shutdown(p.server)
		p.server = nil
	}
}

// shutdown lets the answer to the press that ended it all go out.
func shutdown(s *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		s.Close()
	}
}

func (p *page) drop(name string) {
	for key, o := range p.offers {
		if o.name == name {
			delete(p.offers, key)
		}
	}
}

func (p *page) listen() error {
	if p.server != nil {
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.host, p.offers = l.Addr().String(), map[string]offer{}
	p.server = &http.Server{Handler: p.handler(p.host), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: connlimit.MaxHead,
		ErrorLog: log.New(io.Discard, "", 0)} // it would quote the request
	go connlimit.Serve(p.server, l, 64)
	return nil
}

func (p *page) handler(host string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /reconnect/{secret}", p.show)
	mux.HandleFunc("POST /reconnect/{secret}", p.press)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Cache-Control", "no-store")
		// same-origin, not no-referrer: with that the button's request would have no Origin.
		head.Set("Referrer-Policy", "same-origin")
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Content-Security-Policy", policy())
		if r.Host != host || !sameOrigin(r, host) { // a name that was bound to 127.0.0.1, or another site's form
			http.Error(w, "not allowed", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func sameOrigin(r *http.Request, host string) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+host
}

func (p *page) show(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	o, ok := p.offers[hash(r.PathValue("secret"))]
	p.mu.Unlock()
	if !ok {
		write(w, http.StatusGone, p.used())
		return
	}
	write(w, http.StatusOK, p.view(o.title, "Authtray will open the sign-in in your browser.", "Reconnect"))
}

func (p *page) press(w http.ResponseWriter, r *http.Request) {
	key := hash(r.PathValue("secret"))
	p.mu.Lock()
	o, ok := p.offers[key]
	delete(p.offers, key)
	p.mu.Unlock()
	if !ok {
		write(w, http.StatusGone, p.used())
		return
	}
	o.press()
	write(w, http.StatusOK, p.view(p.language.Tr("Going on in a new tab"), "The sign-in opens in your browser. You may close this page.", ""))
}

func (p *page) used() view {
	return p.view(p.language.Tr("Nothing to do here any more"), "This link was used, or is no longer needed. The Authtray icon says how things are.", "")
}

// view is a page in the user's language.
func (p *page) view(title, text, button string) view {
	return view{p.language.Code(), title, p.language.Tr(text), p.language.Tr(button)}
}

// hash keeps the secret itself out of the map, whose look-up takes a time that
// depends on its keys.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return string(sum[:])
}

type view struct{ Language, Title, Text, Button string }

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:15vh auto;padding:0 1em;color-scheme:light dark}
button{font:inherit;padding:.6em 1.4em;border:0;border-radius:.4em;background:#0e7c6b;color:#fff}`

// Most processes show no page, so nothing of it is made before the first.
var (
	policy = sync.OnceValue(func() string {
		sum := sha256.Sum256([]byte(style))
		return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	})
	pageTemplate = sync.OnceValue(func() *template.Template {
		return template.Must(template.New("page").Parse(strings.ReplaceAll(`<!doctype html>
<html lang="{{.Language}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Authtray</title><style>STYLE</style>
<h1>{{.Title}}</h1><p>{{.Text}}</p>
{{if .Button}}<form method="post"><button>{{.Button}}</button></form>{{end}}
`, "STYLE", style)))
	})
)

func write(w http.ResponseWriter, status int, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	pageTemplate().Execute(w, v) // a reader that went away is no concern of ours
}
