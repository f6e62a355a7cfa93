package providers

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/authtray/authtray/assets"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
)

// page is what assets/pages/result.html is filled with.
type page struct {
	Kind   string // fine | trouble | waiting: the sign and its color
	Title  string
	Text   string
	Next   string // what to do now
	Reload bool   // ask again in some seconds
}

// Most processes show no page, so nothing of it is made before the first.
var (
	pageTemplate = sync.OnceValue(func() *template.Template {
		return template.Must(template.ParseFS(assets.Pages, "pages/result.html"))
	})
	pageStyle  = sync.OnceValue(readStyle)
	pagePolicy = sync.OnceValue(func() string {
		return "default-src 'none'; style-src '" + hashSource(pageStyle()) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	})
)

func readStyle() string {
	style, err := assets.Pages.ReadFile("pages/style.css")
	if err != nil {
		panic(err) // it is built in
	}
	return strings.TrimSpace(string(style))
}

func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

const (
	nextClose = "You can close this tab."
	nextRetry = "You can close this tab and connect again from Authtray."
)

var (
	strangerPage = page{Kind: "trouble", Title: "Nothing here",
		Text: "This address is only used to finish a sign-in that was started in Authtray.", Next: nextClose}
	unexpectedPage = page{Kind: "trouble", Title: "Not the sign-in we are waiting for",
		Text: "This answer does not belong to a sign-in that Authtray has under way, so it was ignored.",
		Next: "If you were signing in, go back to Authtray and open its sign-in page again."}
)

func waitingPage(provider string) page {
	return page{Kind: "waiting", Title: "One moment", Reload: true,
		Text: "Authtray is still waiting for " + shown(provider) + " to hand over access.", Next: "This page looks again by itself."}
}

// resultPage says how a flow ended:
//
//	connected     fine      as whom, if the provider says
//	ErrDenied     trouble   nothing was connected
//	ErrTimedOut   trouble   too late
//	ErrCanceled   trouble   canceled in Authtray
//	*Failure      trouble   its Detail
//	else          trouble   its sentence
func resultPage(provider string, r Result, err error, again bool) page {
	provider = shown(provider)
	var failure *refusal.Failure
	switch {
	case err == nil:
		return connectedPage(provider, shown(r.Account.Label), again)
	case errors.Is(err, ErrDenied):
		return page{Kind: "trouble", Title: "Access was denied",
			Text: "Access was not allowed at " + provider + ", so nothing was connected.", Next: nextRetry}
	case errors.Is(err, ErrTimedOut):
		return page{Kind: "trouble", Title: "Too late",
			Text: "This sign-in at " + provider + " was not finished in time.", Next: nextRetry}
	case errors.Is(err, ErrCanceled):
		return page{Kind: "trouble", Title: "Canceled",
			Text: "This sign-in at " + provider + " was canceled in Authtray.", Next: nextRetry}
	case errors.As(err, &failure):
		return page{Kind: "trouble", Title: "Not connected", Text: text.Line(failure.Detail, maxSentence), Next: nextRetry}
	}
	return page{Kind: "trouble", Title: "Not connected", Text: text.Line(err.Error(), maxSentence), Next: nextRetry}
}

func connectedPage(provider, account string, again bool) page {
	p := page{Kind: "fine", Title: "Connected", Text: "Authtray is connected to " + provider, Next: nextClose}
	if again {
		p.Title, p.Text = "Already connected", "Authtray is already connected to "+provider
	}
	if account != "" {
		p.Text += " as " + account
	}
	p.Text += "."
	return p
}

func writeReply(w http.ResponseWriter, r reply) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", pagePolicy())
	h.Set("X-Content-Type-Options", "nosniff")
	if r.status == http.StatusMethodNotAllowed {
		h.Set("Allow", http.MethodGet)
	}
	if r.location != "" {
		h.Set("Location", r.location)
		w.WriteHeader(r.status)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(r.status)
	w.Write(renderPage(r.page))
}

func renderPage(p page) []byte {
	var b bytes.Buffer
	data := struct {
		page
		Style template.CSS
	}{p, template.CSS(pageStyle())}
	if err := pageTemplate().Execute(&b, data); err != nil {
		return []byte(template.HTMLEscapeString(p.Title + ". " + p.Text + " " + p.Next))
	}
	return b.Bytes()
}

const (
	maxShown    = 80  // characters of a name
	maxSentence = 400 // characters of a sentence
)

// shown makes a name from outside fit to be shown.
func shown(s string) string { return text.Line(s, maxShown) }
