package notify

import (
	"html"
	"strings"

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

// markup escapes text for a server whose bodies are markup.
func markup(s string) string { return html.EscapeString(s) }

// unmarked is text for a server that may or may not read markup.
func unmarked(s string) string {
	return strings.NewReplacer("<", "‹", ">", "›", "&", "and").Replace(s)
}
