package window

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

func TestDaysAreCountedInTheDesktopsLanguage(t *testing.T) {
	newBench(t)
	for d, want := range map[time.Duration]string{
		59 * time.Second: "59 s",
		24 * time.Hour:   "1 day",
		49 * time.Hour:   "2 days",
	} {
		if got := span(d); got != want || got != text.Duration(d) {
			t.Errorf("span(%v) = %q; want %q", d, got, want)
		}
	}
}

func TestExpiry(t *testing.T) {
	newBench(t)
	at := func(d time.Duration) *time.Time { at := noon.Add(d); return &at }
	for want, s := range map[string]tokens.Status{
		"":                  {},
		"never expires":     {NeverExpires: true},
		"expired":           {ExpiresAt: at(0)},
		"expires in 5 s":    {ExpiresAt: at(5 * time.Second)},
		"expires in 2 days": {ExpiresAt: at(50 * time.Hour)},

		"renewed when asked for": {State: tokens.Connected, Refreshable: true, OnDemand: true, ExpiresAt: at(0)},
		"expires in 6 s":         {State: tokens.Connected, Refreshable: true, OnDemand: true, ExpiresAt: at(6 * time.Second)},
	} {
		if got := expiry(s, noon); got != want {
			t.Errorf("expiry = %q; want %q", got, want)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"GitLab": "GL", "GitHub App": "GA", "Google": "Go", "X": "X", "Hugging Face": "HF", "OpenID Connect": "OC",
		"slack": "Sl", "": "?", "★": "?", "Ärzte": "Är", "  box  ": "Bo",
	} {
		if got := initials(name); got != want {
			t.Errorf("initials(%q) = %q; want %q", name, got, want)
		}
	}
}

func TestForeignTextIsMadeHarmless(t *testing.T) {
	if got, want := plain("safe\u202Egnp\n"+strings.Repeat("x", 300)), "safegnp "+strings.Repeat("x", 191)+"…"; got != want {
		t.Errorf("plain gives %q; want %q", got, want)
	}
}

func TestEveryStateHasItsOwnWordAndShape(t *testing.T) {
	newBench(t)
	words, shapes := map[string]bool{}, map[string]bool{}
	for _, s := range []tokens.State{tokens.Disconnected, tokens.Connecting, tokens.Connected, tokens.Retrying, tokens.ReconnectRequired, tokens.Misconfigured, tokens.KeychainLocked} {
		l := lookOf(s)
		if words[word(s)] || shapes[l.shape.Name()] {
			t.Errorf("%s looks like another state", s)
		}
		words[word(s)], shapes[l.shape.Name()] = true, true
		if l.needs && offer(tokens.Status{State: s}) == "" {
			t.Errorf("%s needs the user and offers no button", s)
		}
		if statusSentence(tokens.Status{State: s, ProviderName: "GitLab"}) == "" && s != tokens.Connected {
			t.Errorf("%s has no sentence", s)
		}
	}
}

// TestEveryStateIsToldInTheDesktopsLanguage: what the table says is said in German,
// whatever the reason, and what it does not say as it came.
func TestEveryStateIsToldInTheDesktopsLanguage(t *testing.T) {
	for language, want := range map[string]bool{"en_US.UTF-8": false, "de_DE.UTF-8": true} {
		t.Run(language, func(t *testing.T) {
			t.Setenv("LANGUAGE", "")
			t.Setenv("LC_ALL", language)
			t.Setenv("LANG", language)
			newBench(t)
			for s, reasons := range tokens.Explanations {
				for r := range reasons {
					if s == tokens.Connected {
						continue // below
					}
					for _, cause := range []string{"", `a cause {{.Provider}} "x"`} {
						english := tokens.Sentence(s, r, "GitLab", cause)
						st := tokens.Status{State: s, Reason: r, ProviderName: "GitLab", Cause: cause, Detail: english}
						for _, told := range []string{statusSentence(st), word(s), offer(st)} {
							if told == "" || strings.Contains(strings.ReplaceAll(told, cause[min(1, len(cause)):], ""), "{{") {
								t.Errorf("%s %s: %q", s, r, told)
							}
						}
						alone := tokens.Explain(s, r).Way == "" && strings.HasPrefix(english, "A cause") // nothing of ours is in it
						if got := statusSentence(st); !alone && (got != english) != want {
							t.Errorf("%s %s: %q", s, r, got)
						}
					}
				}
			}
			odd := tokens.Status{State: tokens.Retrying, ProviderName: "GitLab", Detail: "Something of this moment."}
			said := map[bool]string{false: odd.Detail, true: "Auf Englisch: " + odd.Detail}
			if got := statusSentence(odd); got != said[want] {
				t.Errorf("%q", got)
			}
			if got := statusSentence(tokens.Status{State: tokens.Connected, Unsaved: true, Detail: tokens.Unsaved.Sentence(tokens.English, "", "")}); strings.HasPrefix(got, "The new") == want {
				t.Errorf("%q", got)
			}
		})
	}
}

// A token that nobody can renew is one more sign-in, which is said while there is time.
func TestFactsSayWhatComesAfterTheToken(t *testing.T) {
	in := noon.Add(time.Hour)
	for _, row := range []struct {
		name  string
		s     tokens.Status
		after string // what follows the time
		facts int
	}{
		{"renewed", tokens.Status{State: tokens.Connected, ExpiresAt: &in, RefreshedAt: &noon, ConsentedAt: &noon, Refreshable: true}, "renewed before then", 3},
		{"not to be renewed", tokens.Status{State: tokens.Connected, ExpiresAt: &in, RefreshedAt: &noon, ConsentedAt: &noon}, "then you have to sign in again", 2},
		{"left to callers", tokens.Status{State: tokens.Connected, ExpiresAt: &in, RefreshedAt: &noon, ConsentedAt: &noon, Refreshable: true, OnDemand: true}, "renewed when asked for", 3},
		{"tried again", tokens.Status{State: tokens.Retrying, ExpiresAt: &in, RefreshedAt: &noon, ConsentedAt: &noon, Refreshable: true}, "", 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := factsOf(row.s, noon)
			want := tr("in {{.Time}}", "Time", span(time.Hour)) + " (" + clockTime(in, noon) + ")"
			if row.after != "" {
				want += ", " + tr(row.after)
			}
			if len(got) != 2*row.facts || got[1] != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestActionsOfAState(t *testing.T) {
	later := noon
	for _, c := range []struct {
		s    tokens.Status
		want actions
	}{
		{tokens.Status{State: tokens.Connected, Refreshable: true}, actions{copy: true, refresh: true, connect: true, end: true}},
		{tokens.Status{State: tokens.Connected}, actions{copy: true, connect: true, end: true}},
		{tokens.Status{State: tokens.Retrying}, actions{copy: true, connect: true, end: true}},
		{tokens.Status{State: tokens.ReconnectRequired}, actions{}},
		{tokens.Status{State: tokens.ReconnectRequired, Reason: tokens.ReasonRefused, Refreshable: true}, actions{refresh: true}},
		{tokens.Status{State: tokens.Disconnected}, actions{}},
		{tokens.Status{State: tokens.Connecting}, actions{}},
		{tokens.Status{State: tokens.Connecting, ExpiresAt: &later}, actions{copy: true}},
		{tokens.Status{State: tokens.Misconfigured}, actions{connect: true, end: true}},
		{tokens.Status{State: tokens.Misconfigured, ExpiresAt: &later}, actions{copy: true, connect: true, end: true}},
		{tokens.Status{State: tokens.KeychainLocked}, actions{end: true}},
		{tokens.Status{State: "of a later version"}, actions{}},
	} {
		if got := actionsOf(c.s); got != c.want {
			t.Errorf("actionsOf(%s) = %+v; want %+v", c.s.State, got, c.want)
		}
	}
}

func TestMomentsGatherWhatOnlyRepeats(t *testing.T) {
	e := func(what string, reason tokens.Reason) tokens.Event {
		return tokens.Event{What: tokens.EventKind(what), Reason: reason}
	}
	got := moments([]tokens.Event{e("connected", ""), e("refreshed", ""), e("refreshed", ""), e("retrying", "network"), e("retrying", "provider_trouble"), e("refreshed", "")})
	var told []string
	for _, m := range got {
		told = append(told, strings.Repeat("+", m.count-1)+string(m.What))
	}
	want := []string{"refreshed", "retrying", "retrying", "+refreshed", "connected"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q; want %q", told, want)
	}
}

func TestNeedsOfAnEntry(t *testing.T) {
	entry := func(change func(*api.Provider)) api.Provider { e := gitlab(); change(&e); return e }
	for name, c := range map[string]struct {
		e    api.Provider
		want needs
	}{
		"confidential": {entry(func(*api.Provider) {}), needs{clientID: always, secret: always, register: true, redirect: true, browser: true}},
		"silence about the secret means required": {entry(func(e *api.Provider) { e.Client.Secret = "" }), needs{clientID: always, secret: always, register: true, redirect: true, browser: true}},
		"public":    {entry(func(e *api.Provider) { e.Client.Secret = "none" }), needs{clientID: always, register: true, redirect: true, browser: true}},
		"optional":  {entry(func(e *api.Provider) { e.Client.Secret = "web_only" }), needs{clientID: always, secret: maybe, register: true, redirect: true, browser: true}},
		"ours":      {entry(func(e *api.Provider) { e.Client.ID, e.Client.Secret = "x", "none" }), needs{clientID: maybe, redirect: true, browser: true, alone: true}},
		"dynamic":   {entry(func(e *api.Provider) { e.Registration, e.Client.Secret = "https://x", "optional" }), needs{clientID: maybe, secret: maybe, redirect: true, browser: true, alone: true}},
		"only code": {entry(func(e *api.Provider) { e.Authorize, e.Device, e.Client.Secret = "", "https://x", "none" }), needs{clientID: always, register: true, device: true}},
		"mcp":       {entry(func(e *api.Provider) { e.ID, e.Quirks, e.Client.Secret = "mcp", []string{"mcp_bootstrap"}, "optional" }), needs{mcp: true, clientID: maybe, secret: maybe, redirect: true, browser: true, alone: true}},
	} {
		c.want.vars = []string{"host"}
		if got := needsOf(c.e); !slices.Equal(got.vars, c.want.vars) || !same(got, c.want) {
			t.Errorf("%s: needs %+v; want %+v", name, got, c.want)
		}
	}
}

func same(a, b needs) bool {
	return a.mcp == b.mcp && a.clientID == b.clientID && a.secret == b.secret && a.register == b.register && a.redirect == b.redirect && a.device == b.device && a.browser == b.browser
}

func TestFieldOfAProblem(t *testing.T) {
	for name, c := range map[string]struct {
		problem client.Problem
		want    string
	}{
		"a field":                   {client.Problem{Field: "client_secret", Detail: "No scope of GitLab's."}, fieldSecret},
		"a field beside a reason":   {client.Problem{Field: "client_secret", Reason: "client_refused"}, fieldSecret},
		"a variable":                {client.Problem{Field: "vars.host"}, "vars.host"},
		"a client refused":          {client.Problem{Reason: "client_refused", Detail: "GitLab refuses this client."}, fieldID},
		"a request refused":         {client.Problem{Reason: "request_refused"}, fieldScopes},
		"words that name a field":   {client.Problem{Detail: "The scope and the client secret are fine."}, ""},
		"nothing":                   {client.Problem{}, ""},
		"a reason without a remedy": {client.Problem{Reason: "network"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fieldOf(&c.problem); got != c.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestAgentThatGaveNoAnswerIsSaidToBeAway(t *testing.T) {
	newBench(t)
	for _, err := range []error{client.ErrNoAgent, client.ErrForeign, client.ErrNoAnswer} {
		if got := explain(fmt.Errorf("%w: %w", err, io.ErrUnexpectedEOF)); got != "Authtray's agent does not answer." {
			t.Errorf("%v: %q", err, got)
		}
	}
	if got := explain(&client.Problem{Code: "keychain_locked", Detail: "The keychain is locked."}); got != "The keychain is locked." {
		t.Errorf("%q", got)
	}
}

func TestVariables(t *testing.T) {
	newBench(t)
	for _, c := range []struct {
		pattern, in, cleaned string
		ok                   bool
	}{
		{"hostname", "git.example.org", "git.example.org", true},
		{"hostname", "https://git.example.org:8443/group/", "git.example.org:8443", true},
		{"hostname", "git.example.org/", "git.example.org", true},
		{"hostname", "[::1]:8080", "[::1]:8080", true},
		{"hostpath", "https://git.example.org/gitlab/", "git.example.org/gitlab", true},
		{"hostpath", "git.example.org/a//b", "git.example.org/a//b", false},
		{"hostname", "a b", "a b", false},
		{"hostname", "-x", "-x", false},
		{"slug", " tenant-1 ", "tenant-1", true},
		{"slug", "a/b", "a/b", false},
		{"", "a/b", "a/b", false},
		{"path", "realms/main", "realms/main", true},
		{"path", "../x y", "../x y", false},
		{"port", "8080", "8080", true},
		{"port", "http", "http", false},
		{"url", "https://x.example/a", "https://x.example/a", true},
		{"url", "javascript:alert(1)", "javascript:alert(1)", false},
		{"slug", "", "", false},
	} {
		v := catalog.Var{Pattern: c.pattern}
		got := cleanVar(v, c.in)
		if err := checkVar(v, got); got != c.cleaned || (err == nil) != c.ok {
			t.Errorf("%s %q becomes %q, %v; want %q, good: %v", c.pattern, c.in, got, err, c.cleaned, c.ok)
		}
	}
	if err := checkVar(catalog.Var{Default: "gitlab.com"}, ""); err != nil {
		t.Errorf("a variable with a default may stay empty: %v", err)
	}
}

func TestNames(t *testing.T) {
	newBench(t)
	taken := func(n string) bool { return n == "gitlab" || n == "gitlab-2" }
	if got := freeName("gitlab", taken); got != "gitlab-3" {
		t.Errorf("freeName = %q", got)
	}
	for name, good := range map[string]bool{"work": true, "a": true, "9.x_y-z": true, strings.Repeat("a", 64): true,
		"": false, "Work": false, "-x": false, "a b": false, "ü": false, strings.Repeat("a", 65): false, "gitlab": false, "../x": false} {
		if err := checkName(name, taken); (err == nil) != good {
			t.Errorf("checkName(%q) = %v; want good: %v", name, err, good)
		}
	}
}

func TestHistoryTellsNoCode(t *testing.T) {
	newBench(t)
	for _, c := range []struct {
		event       tokens.Event
		words, told string
	}{
		{tokens.Event{What: tokens.EventConnectFailed, Detail: "You signed in as ada instead of grace. (other_account)"}, "Another account signed in", "You signed in as ada instead of grace."},
		{tokens.Event{What: tokens.EventConnectFailed, Detail: "You or GitLab said no. (access_denied)"}, "Access was denied in the browser", "You or GitLab said no."},
		{tokens.Event{What: tokens.EventConnectFailed, Detail: "The sign-in was canceled. (canceled)"}, "Sign-in cancelled", "The sign-in was canceled."},
		{tokens.Event{What: tokens.EventConnectFailed, Detail: "Nobody signed in for as long as it was waited for. (connect_failed)"}, "Nobody signed in", "Nobody signed in for as long as it was waited for."},
		{tokens.Event{What: tokens.EventConnectFailed, Detail: "GitLab refuses the code. (invalid_grant, HTTP 400)"}, "Sign-in did not succeed", "GitLab refuses the code."},
		{tokens.Event{What: "reconnect_required", Reason: tokens.ReasonRevoked, Detail: "GitLab says access was revoked. Reconnect to go on."}, "Access ended", "GitLab says access was revoked. Reconnect to go on."},
		{tokens.Event{What: "of_a_later_version", Detail: "Something (work)."}, "Something else happened", "Something."},
		{tokens.Event{What: tokens.EventRefreshed}, "Token refreshed", ""},
	} {
		t.Run(c.event.Detail, func(t *testing.T) {
			m := moment{Event: c.event, count: 1}
			if got := m.words(); got != c.words || strings.Contains(got, "_") {
				t.Errorf("it is called %q; want %q", got, c.words)
			}
			if got := m.told("GitLab"); got != c.told {
				t.Errorf("it is told as %q; want %q", got, c.told)
			}
		})
	}
}
