package tray

import (
	"strings"
	"time"

	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// How long foreign text may get before it is cut, in runes.
const (
	maxName  = 40
	maxLabel = 60 // of an entry: a longer one makes the menu as wide as the screen
	maxPart  = 20 // of a name in an entry

	maxSentence = 120 // of a question, which names a program by its whole path
)

// clean makes foreign text fit for a menu or a tooltip: one line, and no angle
// brackets, which some tray hosts read as markup.
func clean(s string, max int) string { return text.Line(brackets.Replace(s), max) }

var brackets = strings.NewReplacer("<", "‹", ">", "›")

// short is a name that fits in an entry.
func short(s string) string { return text.Short(brackets.Replace(s), maxPart) }

// nameOf is what people call a connection: its provider, and its own name too
// where another connection is of the same provider.
func nameOf(st tokens.Status, all []tokens.Status) string {
	provider := providerOf(st)
	for _, other := range all {
		if other.Name != st.Name && providerOf(other) == provider {
			return provider + " (" + st.Name + ")"
		}
	}
	return provider
}

func providerOf(st tokens.Status) string {
	for _, s := range []string{st.ProviderName, st.Provider, st.Name} {
		if s = clean(s, maxName); s != "" {
			return s
		}
	}
	return "?"
}

// clockTime is when t is, as said at now: the time of day, with its day unless
// that is today. It stays true as time goes by, so nothing has to redraw it.
func (in Surroundings) clockTime(t time.Time) string {
	t = t.In(in.Now.Location())
	switch {
	case sameDay(t, in.Now):
		return t.Format("15:04")
	case t.Sub(in.Now).Abs() < 300*24*time.Hour:
		return t.Format(in.tr("2 Jan 15:04")) // a layout is a text too
	}
	return t.Format(in.tr("2 Jan 2006"))
}

// said is a status's sentence in a language; "" where it has none.
func said(st tokens.Status, l *lang.Language) string {
	if st.Detail == "" {
		return ""
	}
	return l.Status(st)
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}
