package window

import (
	"cmp"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	translations "github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// look is how a state is shown: in words, as a shape, and only then by colour.
type look struct {
	shape fyne.Resource
	color fyne.ThemeColorName
	needs bool // the connection waits for its user
}

var looks = map[tokens.State]look{
	tokens.Connected:         {shape: shapeFine, color: theme.ColorNameSuccess},
	tokens.Connecting:        {shape: shapeBusy, color: theme.ColorNamePrimary},
	tokens.Retrying:          {shape: shapeRetry, color: theme.ColorNameWarning},
	tokens.ReconnectRequired: {shape: shapeAlert, color: theme.ColorNameError, needs: true},
	tokens.Misconfigured:     {shape: shapeFix, color: theme.ColorNameError, needs: true},
	tokens.KeychainLocked:    {shape: shapeLock, color: theme.ColorNameWarning, needs: true},
	tokens.Disconnected:      {shape: shapeOff, color: theme.ColorNamePlaceHolder},
}

// lookOf also serves a state that an agent newer than this window may have.
func lookOf(s tokens.State) look {
	if l, ok := looks[s]; ok {
		return l
	}
	return look{shape: shapeBusy, color: theme.ColorNamePlaceHolder}
}

// word is a state in words.
func word(s tokens.State) string {
	if _, ok := looks[s]; !ok {
		return plain(s.Word())
	}
	return text.Capitalize(tr(s.Word()))
}

// offer is the one button that leads on from a connection's state; "" for none.
func offer(s tokens.Status) string {
	button := tokens.Explain(s.State, s.Reason).Button
	if button == "" {
		return ""
	}
	return tr(button)
}

// statusSentence says why a connection stands where it does, with the way on.
func statusSentence(s tokens.Status) string {
	s.ProviderName = cmp.Or(s.ProviderName, s.Provider)
	told := s.Sentence(translate)
	if told == s.Detail && s.Cause == "" { // it is in no table
		told = foreign(told)
	}
	return text.Line(told, 400)
}

// expiry is how long the token still lasts; "" where there is none.
func expiry(s tokens.Status, now time.Time) string {
	switch {
	case s.NeverExpires:
		return tr("never expires")
	case s.ExpiresAt == nil:
		return ""
	case spent(s, now):
		return tr("expired")
	case !s.ExpiresAt.After(now):
		return tr("renewed when asked for")
	}
	return tr("expires in {{.Time}}", "Time", span(s.ExpiresAt.Sub(now)))
}

// ago says when something was.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return tr("just now")
	case d < 30*24*time.Hour:
		return tr("{{.Time}} ago", "Time", span(d))
	}
	return t.Local().Format(time.DateOnly)
}

// span is a duration in words; the word for days depends on the language.
func span(d time.Duration) string {
	if days := text.Days(d); days > 0 {
		return trn("{{.Count}} days", days)
	}
	return text.Duration(d)
}

// clockTime is a time of day, with its date where that is not today.
func clockTime(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// whose is a connection's second line: account and provider.
func whose(s tokens.Status) string {
	provider := plain(s.ProviderName)
	if provider == "" {
		provider = plain(s.Provider)
	}
	if account := plain(s.Account); account != "" && !providers.NamesServer(provider, account) {
		return account + " · " + provider
	}
	return provider
}

// plain makes foreign text fit for one line of screen.
func plain(s string) string { return text.Line(s, 200) }

// loadTranslations takes up the desktop's language; English is what remains
// where there is no better one.
func loadTranslations() error {
	files, err := translations.Files.ReadDir(".")
	for _, f := range files {
		data, readErr := translations.Files.ReadFile(f.Name())
		err = errors.Join(err, readErr, lang.AddTranslations(fyne.NewStaticResource(f.Name(), data)))
	}
	return err
}

// tr translates an English text. The values fill its {{.Key}} in pairs:
// tr("expires in {{.Time}}", "Time", "42 min").
func tr(text string, pairs ...string) string {
	if len(pairs) == 0 {
		return lang.L(text)
	}
	return lang.L(text, values(pairs))
}

// translate is tr for a text that may be anybody's: only what stands in the language
// files is a template.
func translate(text string, pairs ...string) string {
	if !translations.Known(text) {
		return tokens.English(text, pairs...)
	}
	return tr(text, pairs...)
}

// foreign is a sentence of the agent's or the catalogue's, in the desktop's language
// where it is known, and else said to be English.
func foreign(text string) string {
	if text == "" || translations.Known(text) {
		return plain(translate(text))
	}
	if template, pairs, ok := translations.Find(text); ok {
		for i := 1; i < len(pairs); i += 2 {
			pairs[i] = plain(pairs[i])
		}
		return plain(tr(template, pairs...))
	}
	return tr("In English: {{.Text}}", "Text", plain(text))
}

// spokenEnglish reports whether the window speaks English.
func spokenEnglish() bool { return tr("In English: {{.Text}}", "Text", "x") == "x" }

// trn is tr for a text that depends on a count, which it also gets as
// {{.Count}}. The plural forms stand in the language files under the text.
func trn(text string, count int, pairs ...string) string {
	v := values(pairs)
	v["Count"] = count
	return lang.N(text, count, v)
}

func values(pairs []string) map[string]any {
	v := make(map[string]any, len(pairs)/2+1)
	for i := 0; i+1 < len(pairs); i += 2 {
		v[pairs[i]] = pairs[i+1]
	}
	return v
}
