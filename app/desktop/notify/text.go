package notify

import (
	"html"
	"strings"

	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// How long foreign text may get before it is cut, in runes.
const (
	maxTitle = 80
	maxBody  = 300
	maxPart  = 26 // of a name in a title: with two of them there is room for what happened
)

// deathMessage says that a connection needs its user: access was revoked, or has
// ended. The title is here, the sentence in tokens/explanations.go.
func deathMessage(st tokens.Status, l *lang.Language) message {
	provider := text.Line(first(st.ProviderName, st.Provider, st.Name), 40)
	e := tokens.Explain(st.State, st.Reason)
	title := l.Tr("{{.Name}} has to be reconnected", "Name", Named(st))
	if st.Parked() { // its token is served while it is good
		title = l.Tr("{{.Name}} needs you", "Name", Named(st))
	}
	return message{
		title:   title,
		body:    text.Line(first(l.Status(st), e.Sentence(l.Tr, provider, "")), maxBody),
		warning: true, button: l.Tr("Reconnect"),
		menu: l.Tr("Choose “{{.Entry}}” in the menu of the Authtray icon.", "Entry", l.Tr(e.Action, "Name", text.Line(st.Name, maxTitle))), // as the menu calls it
	}
}

// Named is what a title calls a connection: its name, and whose account it is where
// that is known and says more.
func Named(st tokens.Status) string {
	name, account := text.Short(st.Name, maxPart), text.Short(st.Account, maxPart)
	if account == "" || strings.EqualFold(name, account) || providers.NamesServer(st.ProviderName, st.Account) {
		return name
	}
	return name + " (" + account + ")"
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
	if m.menu != "" {
		m.body += " " + m.menu
	}
	return m
}

// markup escapes text for a server whose bodies are markup.
func markup(s string) string { return html.EscapeString(s) }

// unmarked is text for a server that may or may not read markup.
func unmarked(s string) string {
	return strings.NewReplacer("<", "‹", ">", "›", "&", "and").Replace(s)
}
