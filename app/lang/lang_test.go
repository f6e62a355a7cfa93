package lang_test

import (
	"testing"

	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/tokens"
)

func TestLanguageOfTheDesktop(t *testing.T) {
	for _, row := range []struct{ name, all, language, want string }{
		{"German", "de_DE.UTF-8", "", "de"},
		{"Austrian", "de_AT.UTF-8", "", "de"},
		{"English", "en_US.UTF-8", "", "en"},
		{"none", "C", "", "en"},
		{"one without texts", "fr_FR.UTF-8", "", "en"},
		{"one without texts, then German", "fr_FR.UTF-8", "fr:de:en", "de"},
		{"English, then German", "en_US.UTF-8", "en:de", "en"},
		{"no language at all", "../../etc", "", "en"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Setenv("LC_ALL", row.all)
			t.Setenv("LANGUAGE", row.language)
			if got := lang.OfDesktop().Code(); got != row.want {
				t.Errorf("speaks %s; want %s", got, row.want)
			}
		})
	}
}

func TestTextsAndTheirPlaces(t *testing.T) {
	de := lang.Named("de")
	for _, row := range []struct{ name, got, want string }{
		{"a text", de.Tr("Reconnect"), "Neu verbinden"},
		{"a place", de.Tr("Reconnect {{.Name}}", "Name", "{{.Name}} x"), "{{.Name}} x neu verbinden"},
		{"an unknown text", de.Tr("Something {{.Name}}", "Name", "new"), "Something new"},
		{"English", (*lang.Language)(nil).Tr("Reconnect {{.Name}}", "Name", "work"), "Reconnect work"},
		{"one", de.Count("and {{.Count}} more", 1), "und 1 weiteres"},
		{"one in English", (*lang.Language)(nil).Count("{{.Count}} sign-ins ended: {{.Names}}", 1, "Names", "a"), "1 sign-in ended: a"},
		{"several in English", (*lang.Language)(nil).Count("{{.Count}} sign-ins ended: {{.Names}}", 3, "Names", "a"), "3 sign-ins ended: a"},
		{"a sentence that is filled already", de.Sentence("", "github.com can be reached."), "github.com ist erreichbar."},
		{"a sentence of nobody's", de.Sentence("GitHub", "Something odd happened."), "Auf Englisch: Something odd happened."},
		{"a sentence of nobody's in English", (*lang.Language)(nil).Sentence("GitHub", "Something odd happened."), "Something odd happened."},
		{"a status", de.Status(tokens.Status{State: tokens.ReconnectRequired, Reason: tokens.ReasonRevoked, ProviderName: "GitHub",
			Detail: tokens.Sentence(tokens.ReconnectRequired, tokens.ReasonRevoked, "GitHub", "")}), "GitHub meldet, dass der Zugriff entzogen wurde. Verbinden Sie sich neu, um fortzufahren."},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.got != row.want {
				t.Errorf("%q; want %q", row.got, row.want)
			}
		})
	}
}
