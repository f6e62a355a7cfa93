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

// Language is what people read: lang.Language.
type Language interface {
	Code() string // "de"
	// Tr gives a text in the language, and fills its {{.Name}} in pairs.
	Tr(template string, pairs ...string) string
	// Sentence gives one that is filled already, or says that it is English.
	Sentence(provider, s string) string
}

// english is the Language of the texts here.
type english struct{}

func (english) Code() string                               { return "en" }
func (english) Tr(template string, pairs ...string) string { return text.Fill(template, pairs...) }
func (english) Sentence(_, s string) string                { return s }

// page is what assets/pages/result.html is filled with. Title, Text and Next are
// put into the browser's language where the page is written.
type page struct {
	Kind     string // fine | trouble | waiting: the sign and its color
	Title    string
	Text     string // with places, or
	Told     string // in the language already
	Next     string // what to do now
	Provider string // fills places
	Account  string
	Command  string // to try, for a connection that works
	Reload   bool   // ask again in some seconds
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
	unexpectedPage = page{Kind: "trouble", Title: "This sign-in is not ours",
		Text: "This answer does not belong to a sign-in that Authtray has under way, so it was ignored.",
		Next: "If you were signing in, go back to Authtray and open its sign-in page again."}
)

func waitingPage(provider string) page {
	return page{Kind: "waiting", Title: "One moment", Reload: true, Provider: shown(provider),
		Text: "Authtray is still waiting for {{.Provider}} to hand over access.", Next: "This page looks again by itself."}
}

// resultPage says how a flow ended:
//
//	connected     fine      as whom, if the provider says
//	ErrDenied     trouble   nothing was connected
//	ErrTimedOut   trouble   too late
//	ErrCanceled   trouble   canceled in Authtray
//	*Failure      trouble   its Detail
//	else          trouble   its sentence
func resultPage(provider, connection string, r Result, err error, again bool, l Language) page {
	provider = shown(provider)
	p := page{Kind: "trouble", Title: "Not connected", Next: nextRetry, Provider: provider}
	var failure *refusal.Failure
	var refused *NotAccepted
	switch {
	case err == nil:
		return connectedPage(provider, connection, shown(r.Account.Label), again)
	case errors.Is(err, ErrDenied):
		p.Title, p.Text = "Access was denied", "Access was not allowed at {{.Provider}}, so nothing was connected."
	case errors.Is(err, ErrTimedOut):
		p.Title, p.Text = "Too late", "This sign-in at {{.Provider}} was not finished in time."
	case errors.Is(err, ErrCanceled):
		p.Title, p.Text = "Canceled", "This sign-in at {{.Provider}} was canceled in Authtray."
	case errors.As(err, &refused):
		p.Told = text.Line(refused.Text, maxSentence)
		if refused.Asks {
			p.Kind, p.Title, p.Next = "waiting", "Another account", "Go back to Authtray: it asks which account to use. You can close this tab."
		}
	case errors.As(err, &failure) && failure.Code == "invalid_grant": // of a sign-in: the code was not taken
		p.Text = "{{.Provider}} did not accept the sign-in."
	case errors.As(err, &failure):
		p.Told = text.Line(l.Sentence(provider, failure.Detail), maxSentence)
	default:
		p.Told = text.Line(l.Sentence(provider, err.Error()), maxSentence)
	}
	return p
}

func connectedPage(provider, connection, account string, again bool) page {
	if NamesServer(provider, account) {
		account = ""
	}
	p := page{Kind: "fine", Title: "Connected", Text: "Authtray is connected to {{.Provider}}.", Next: nextClose, Provider: provider, Account: account}
	if connection != "" {
		p.Command = "authtray token " + connection
	}
	if account != "" {
		p.Text = "Authtray is connected to {{.Provider}} as {{.Account}}."
	}
	if again {
		p.Title, p.Text = "Already connected", "Authtray is already connected to {{.Provider}}."
		if account != "" {
			p.Text = "Authtray is already connected to {{.Provider}} as {{.Account}}."
		}
	}
	return p
}

// in is the page in a language.
func (p page) in(l Language) page {
	told := p.Told
	if told == "" {
		told = l.Tr(p.Text, "Provider", p.Provider, "Account", p.Account)
	}
	p.Title, p.Text, p.Next = l.Tr(p.Title), told, l.Tr(p.Next)
	return p
}

func writeReply(w http.ResponseWriter, r reply, l Language) {
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
	w.Write(renderPage(r.page.in(l), l))
}

func renderPage(p page, l Language) []byte {
	var b bytes.Buffer
	data := struct {
		page
		Language, Try, Foot string
		Style               template.CSS
	}{p, l.Code(), l.Tr("Try:"), l.Tr("shown by a program on this computer"), template.CSS(pageStyle())}
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
