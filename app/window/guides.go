package window

import (
	"embed"
	"encoding/json"
	"slices"

	"github.com/authtray/authtray/app/api"
	translations "github.com/authtray/authtray/app/lang"
)

// guides are the steps and notes of the built-in providers in other languages, under
// the text as it stands in the entry. Only the window's forms show them, so they are not
// among the texts of package lang, which the agent has in memory.
//
//go:embed guides/*.json
var guides embed.FS

// guided is a provider with its steps and notes in the window's language. Those of the
// user's own entries stay as they are: steps and notes report whether they are in
// English although the window is not.
func guided(e api.Provider) (in api.Provider, steps, notes bool) {
	if spokenEnglish() {
		return e, false, false
	}
	var known map[string]string
	data, _ := guides.ReadFile("guides/" + translations.OfDesktop().Code() + ".json")
	_ = json.Unmarshal(data, &known) // the files are built in, and tested
	say := func(text string) (string, bool) {
		if other, ok := known[text]; ok {
			return other, false
		}
		return text, text != ""
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
