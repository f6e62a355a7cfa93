package window

import (
	"embed"

	"fyne.io/fyne/v2/lang"
)

//go:embed lang/*.json
var translations embed.FS

// loadTranslations takes up the desktop's language; English is what remains
// where there is no better one.
func loadTranslations() error { return lang.AddTranslationsFS(translations, "lang") }

// tr translates an English text. The values fill its {{.Key}} in pairs:
// tr("expires in {{.Time}}", "Time", "42 min").
func tr(text string, pairs ...string) string {
	if len(pairs) == 0 {
		return lang.L(text)
	}
	return lang.L(text, values(pairs))
}

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
