package notify

import (
	"html"
	"strings"
	"unicode"

	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// How long foreign text may get before it is cut, in runes.
const (
	maxTitle = 80
	maxBody  = 300
)

// deathMessage says that a connection needs its user: access was revoked, or has
// ended. The title is here, the sentence in tokens/explanations.go.
func deathMessage(st tokens.Status) message {
	provider := text.Line(first(st.ProviderName, st.Provider, st.Name), 40)
	detail := st.Detail
	if detail == "" {
		detail = tokens.Sentence(st.State, st.Reason, provider, "")
	}
	m := message{
		title:   nameOf(provider, st) + " needs to be reconnected",
		body:    text.Line(detail, maxBody),
		safe:    tokens.Sentence(st.State, st.Reason, provider, ""),
		warning: true, button: "Reconnect",
		tray: tokens.English(tokens.Explain(st.State, st.Reason).Action, "Name", provider),
	}
	return m
}

// nameOf is the provider, and the connection's name where that says more.
func nameOf(provider string, st tokens.Status) string {
	if strings.EqualFold(st.Name, provider) || strings.EqualFold(st.Name, st.Provider) {
		return provider
	}
	return provider + " (" + st.Name + ")"
}

func first(options ...string) string {
	for _, s := range options {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return ""
}

// withoutButton is the message for where there is none: it names the way there is.
func (m message) withoutButton() message {
	if m.tray != "" {
		m.body += " Choose “" + m.tray + "” in the menu of the Authtray icon."
	}
	return m
}

// forToast is a death's message in our own words, without what the provider said.
func (m message) forToast() message {
	m.title, m.tray = toastSafe(m.title), toastSafe(m.tray)
	m.body = toastSafe(m.safe)
	return m
}

// markup escapes text for a server whose bodies are markup.
func markup(s string) string { return html.EscapeString(s) }

// unmarked is text for a server that may or may not read markup.
func unmarked(s string) string {
	return strings.NewReplacer("<", "‹", ">", "›", "&", "and").Replace(s)
}

// toastSafe keeps letters, digits and plain punctuation. A toast is XML, and
// where COM fails, go-toast has PowerShell read that XML from a string in which
// dollar signs and backquotes mean something.
func toastSafe(s string) string {
	return text.Line(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" .,:;!?()-_/…“”", r) {
			return r
		}
		return -1
	}, strings.ReplaceAll(s, "\n", " ")), maxBody)
}
