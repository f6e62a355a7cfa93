package notify

import (
	"strings"
	"testing"

	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/app/lang/langtest"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

func TestTheMessageNamesConnectionAccountReasonAndWay(t *testing.T) {
	of := func(st tokens.Status, account string) tokens.Status {
		st.Account = account
		return st
	}
	parked := dead("work")
	parked.Reason, parked.Refreshable, parked.Detail = tokens.ReasonRefused, true, tokens.Sentence(parked.State, tokens.ReasonRefused, "GitHub", "")
	for _, c := range []struct {
		st                tokens.Status
		title, body, tray string
	}{
		{dead("work"), "work has to be reconnected", "GitHub says access was revoked. Reconnect to go on.", "Choose “Reconnect work” in the menu of the Authtray icon."},
		{of(dead("work"), "ada"), "work (ada) has to be reconnected", "GitHub says access was revoked. Reconnect to go on.", "Choose “Reconnect work” in the menu of the Authtray icon."},
		{of(dead("ada"), "Ada"), "ada has to be reconnected", "GitHub says access was revoked. Reconnect to go on.", "Choose “Reconnect ada” in the menu of the Authtray icon."},
		{of(dead(strings.Repeat("n", 60)+"-eu"), strings.Repeat("a", 80)+"@example.org"), "nnnnnnnnnnnnn…nnnnnnnnn-eu (aaaaaaaaaaaaa…@example.org) has to be reconnected",
			"GitHub says access was revoked. Reconnect to go on.", "Choose “Reconnect " + strings.Repeat("n", 60) + "-eu” in the menu of the Authtray icon."},
		{of(parked, "ada"), "work (ada) needs you", "GitHub refused to renew the token five times. Reconnect to go on, or try again.", "Choose “Reconnect work” in the menu of the Authtray icon."},
		{tokens.Status{Name: "docs", ProviderName: "MCP server mcp.example.org", Account: "mcp.example.org", State: tokens.ReconnectRequired}, "docs has to be reconnected",
			"Access at MCP server mcp.example.org has ended. Reconnect to go on.", "Choose “Reconnect docs” in the menu of the Authtray icon."},
		{tokens.Status{Name: "x", Provider: "mcp", State: tokens.ReconnectRequired}, "x has to be reconnected", "Access at mcp has ended. Reconnect to go on.", "Choose “Reconnect x” in the menu of the Authtray icon."},
	} {
		m := deathMessage(c.st, nil)
		if m.title != c.title || m.body != c.body || m.menu != c.tray {
			t.Errorf("%+v", m)
		}
		if got := text.Line(m.title, maxTitle); got != m.title {
			t.Errorf("the title is cut: %s", got)
		}
	}
	if got := deathMessage(dead("gh"), nil).withoutButton().body; !strings.HasSuffix(got, "Choose “Reconnect gh” in the menu of the Authtray icon.") {
		t.Error(got)
	}
}

func TestEveryReasonIsAWholeMessage(t *testing.T) {
	for r := range tokens.Explanations[tokens.ReconnectRequired] { // of others a warning shows the status's sentence as it is
		t.Run(string(r), func(t *testing.T) {
			st := dead("work")
			st.Reason, st.Detail = r, tokens.Sentence(st.State, r, "GitHub", "GitHub said $(calc)")
			for what, m := range map[string]message{"banner": deathMessage(st, nil), "without a button": deathMessage(st, nil).withoutButton()} {
				if !strings.Contains(m.body, "GitHub") || !strings.Contains(m.body, "econnect") || !strings.Contains(m.menu, "econnect work") || strings.Contains(m.body, "{{") {
					t.Errorf("%s: %+v", what, m)
				}
			}
		})
	}
}

// hostile is what a provider might send.
const hostile = "<b>x</b> & $(calc) `calc` \"@\n'@ ]]> \u202e\x1b[31m"

func TestForeignTextIsHarmlessEverywhere(t *testing.T) {
	if got := text.Line(hostile, 100); strings.ContainsAny(got, "\n\x1b\u202e") {
		t.Errorf("a banner gets %q", got)
	}
	if got := markup(hostile); strings.ContainsAny(got, "<>") || strings.Contains(got, "& ") {
		t.Errorf("a server with markup gets %q", got)
	}
	if got := unmarked(hostile); strings.ContainsAny(got, "<>&") {
		t.Errorf("an unknown server gets %q", got)
	}
	if got := text.Line(strings.Repeat("x", 400), maxBody); len([]rune(got)) != maxBody {
		t.Errorf("%d characters", len(got))
	}
}

func TestTheDialogsTextIsDataNotScript(t *testing.T) {
	script, err := dialogScript(message{button: "Reconnect", title: `"; evil(); "`, body: "</script>\u2028evil()\n" + `\"`}, "Later")
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(script, "\n")
	if want := `const text = {"body":"\u003c/script\u003e evil() \\\"","button":"Reconnect","later":"Later","title":"\"; evil(); \""};`; first != want {
		t.Errorf("got  %s\nwant %s", first, want)
	}
	if strings.Contains(rest, "evil") {
		t.Errorf("text in the script:\n%s", rest)
	}
}

func TestGermanNotificationsSayNothingInEnglish(t *testing.T) {
	de := lang.Named("de")
	german := func(t *testing.T, m message) {
		t.Helper()
		for _, text := range []string{m.title, m.body, m.button, m.menu} {
			if langtest.IsEnglish(text) {
				t.Errorf("%q", text)
			}
		}
	}
	for state, of := range tokens.Explanations {
		for r := range of {
			t.Run(string(state)+" "+string(r), func(t *testing.T) {
				st := dead("work")
				st.State, st.Reason, st.Detail = state, r, tokens.Sentence(state, r, "GitHub", "")
				german(t, deathMessage(st, de))
				german(t, deathMessage(st, de).withoutButton())
			})
		}
	}
	for kind := range severalOf {
		t.Run(kind, func(t *testing.T) { german(t, several(kind, []string{"a", "b", "c", "d", "e"}, de)) })
	}
	all := map[string]tokens.Status{"a": dead("a"), "b": dead("b"), "c": dead("c")}
	german(t, (&death{of: all}).message(de))
	german(t, (&death{of: all, act: func() {}}).message(de))
	p := page{language: de}
	for _, v := range []view{p.used(), p.view("", "Authtray will open the sign-in in your browser.", "Reconnect")} {
		german(t, message{title: v.Title, body: v.Text, button: v.Button})
	}
}
