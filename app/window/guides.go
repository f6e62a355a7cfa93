package window

import (
	"embed"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"github.com/authtray/authtray/app/api"
)

// guides are the steps and notes of the built-in providers in other languages, under
// the text as it stands in the entry. Only the window shows them, so they are not among
// the texts of package lang, which the agent has in memory.
//
//go:embed guides/*.json
var guides embed.FS

// loadGuides takes up the desktop's language.
func loadGuides() (err error) {
	files, err := guides.ReadDir("guides")
	for _, f := range files {
		data, readErr := guides.ReadFile("guides/" + f.Name())
		err = errors.Join(err, readErr, lang.AddTranslations(fyne.NewStaticResource(f.Name(), data)))
	}
	return err
}

// guideTexts are the texts that some language has.
var guideTexts = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	files, _ := guides.ReadDir("guides")
	for _, f := range files {
		var all map[string]string
		data, _ := guides.ReadFile("guides/" + f.Name())
		_ = json.Unmarshal(data, &all) // the files are built in, and tested
		for text := range all {
			known[text] = true
		}
	}
	return known
})

// guided is a provider with its steps and notes in the window's language. Those of the
// user's own entries stay as they are: steps and notes report whether they are in
// English although the window is not.
func guided(e api.Provider) (in api.Provider, steps, notes bool) {
	say := func(text string) (string, bool) {
		if spokenEnglish() || text == "" {
			return text, false
		}
		if !guideTexts()[text] {
			return text, true
		}
		return lang.L(text), false
	}
	e.Steps = slices.Clone(e.Steps)
	for i, step := range e.Steps {
		var english bool
		e.Steps[i], english = say(step)
		steps = steps || english
	}
	e.Notes, notes = say(e.Notes)
	return e, steps, notes
}
