package tray

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/app/lang/langtest"
	"github.com/authtray/authtray/tokens"
)

var (
	zone = time.FixedZone("here", 3600)
	now  = time.Date(2026, 11, 23, 12, 0, 0, 0, zone)
)

func at(s string) *time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		panic(err)
	}
	t = t.UTC()
	return &t
}

func github(state tokens.State) tokens.Status {
	return tokens.Status{Name: "gh", Provider: "github", ProviderName: "GitHub", Account: "ada", State: state}
}

func gitlab(state tokens.State) tokens.Status {
	return tokens.Status{Name: "work", Provider: "gitlab", ProviderName: "GitLab", State: state}
}

func with(st tokens.Status, change func(*tokens.Status)) tokens.Status {
	change(&st)
	return st
}

func mcpOf(name string, is api.MCP) func(string) *api.MCP {
	return func(asked string) *api.MCP {
		if asked == name {
			return &is
		}
		return nil
	}
}

// mayItRead is a question with foreign text in it.
var mayItRead = []Question{{ID: "7", Title: "tool<b>: allow the\n token of work?", Body: "/opt/tool<b> (process 42) wants to read it. It was started by /usr/bin/node.",
	Answers: []Choice{{"once", "Allow once"}, {"deny", "Deny"}}}}

// Every menu begins and ends with these.
const (
	head = `Open Authtray… → open
---
`
	foot = `
---
[ ] Start at login → toggle autostart
---
Quit Authtray → quit`
)

func TestMenuShowsWhatNeedsTheUserFirst(t *testing.T) {
	for _, c := range []struct {
		name string
		all  []tokens.Status
		in   Surroundings
		want string
	}{
		{"nothing configured", nil, Surroundings{},
			`(No connections yet)`},
		{"connected, a clipboard is there",
			[]tokens.Status{with(github(tokens.Connected), func(s *tokens.Status) { s.ExpiresAt = at("2026-11-23 14:32"); s.Refreshable = true })},
			Surroundings{CanCopy: true}, `
gh · ada · until 14:32
  Copy token → copy token gh
  Refresh → refresh gh
  Disconnect or change in Authtray… → open gh`},
		{"connected, no clipboard, nothing to refresh, expires tomorrow",
			[]tokens.Status{with(gitlab(tokens.Connected), func(s *tokens.Status) { s.ExpiresAt = at("2026-11-24 00:10") })},
			Surroundings{}, `
work · until 24 Nov 00:10
  Copy token in Authtray… → open work
  Disconnect or change in Authtray… → open work`},
		{"an MCP server without a client, and another connection",
			[]tokens.Status{with(github(tokens.Connected), func(s *tokens.Status) { s.Name = "notes" }), gitlab(tokens.Connected)},
			Surroundings{MCP: mcpOf("notes", api.MCP{Server: "Notes <b>"})}, `
notes · ada · connected
  Copy token in Authtray… → open notes
  (MCP server Notes ‹b›)
  (No AI client is connected)
  Disconnect or change in Authtray… → open notes
work · connected
  Copy token in Authtray… → open work
  Disconnect or change in Authtray… → open work`},
		{"an MCP server that has not said its name, and one client",
			[]tokens.Status{gitlab(tokens.Connected)}, Surroundings{MCP: mcpOf("work", api.MCP{Clients: []string{""}})}, `
work · connected
  Copy token in Authtray… → open work
  (AI client: unnamed)
  Disconnect or change in Authtray… → open work`},
		{"an MCP server with clients of one name",
			[]tokens.Status{gitlab(tokens.Connected)}, Surroundings{MCP: mcpOf("work", api.MCP{Server: "Notes", Clients: []string{"claude-code", "cursor\x1b[2J", "cursor\x1b[2J"}})}, `
work · connected
  Copy token in Authtray… → open work
  (MCP server Notes)
  (3 AI clients: claude-code, cursor[2J)
  Disconnect or change in Authtray… → open work`},
		{"a token that never expires",
			[]tokens.Status{with(github(tokens.Connected), func(s *tokens.Status) { s.NeverExpires = true })},
			Surroundings{CanCopy: true}, `
gh · ada · does not expire
  Copy token → copy token gh
  Disconnect or change in Authtray… → open gh`},
		{"left to callers, and drawn when its token has not ended yet",
			[]tokens.Status{with(github(tokens.Connected), func(s *tokens.Status) {
				s.ExpiresAt, s.Refreshable, s.OnDemand = at("2026-11-23 14:32"), true, true
			})},
			Surroundings{CanCopy: true}, `
gh · ada · renewed when asked for
  Copy token → copy token gh
  Refresh → refresh gh
  Disconnect or change in Authtray… → open gh`},
		{"questions come before all else, their answers a level below",
			[]tokens.Status{gitlab(tokens.Disconnected), github(tokens.ReconnectRequired)}, Surroundings{Questions: mayItRead}, `
tool‹b›: allow the token of work?
  (/opt/tool‹b› (process 42) wants to read it.)
  (It was started by /usr/bin/node.)
  Allow once → answer 7 once
  Deny → answer 7 deny
Reconnect gh… → reconnect gh
---
work · disconnected
  Connect… → connect work
gh · ada · reconnect required
  Reconnect… → reconnect gh
  Disconnect or change in Authtray… → open gh`},
		{"a dead grant comes first, wherever it stands",
			[]tokens.Status{gitlab(tokens.Connected), with(github(tokens.ReconnectRequired), func(s *tokens.Status) { s.Detail = "GitHub says access was revoked. Reconnect to go on." })},
			Surroundings{}, `
Reconnect gh… → reconnect gh
---
work · connected
  Copy token in Authtray… → open work
  Disconnect or change in Authtray… → open work
gh · ada · reconnect required
  (GitHub says access was revoked. Reconnect to go on.)
  Reconnect… → reconnect gh
  Disconnect or change in Authtray… → open gh`},
		{"a parked grant may be tried again",
			[]tokens.Status{with(github(tokens.ReconnectRequired), func(s *tokens.Status) { s.Reason, s.Refreshable = tokens.ReasonRefused, true })},
			Surroundings{}, `
Reconnect gh… → reconnect gh
---
gh · ada · reconnect required
  Reconnect… → reconnect gh
  Try again now → refresh gh
  Disconnect or change in Authtray… → open gh`},
		{"two accounts at one provider are told apart by name",
			[]tokens.Status{github(tokens.ReconnectRequired), with(github(tokens.Disconnected), func(s *tokens.Status) { s.Name = "gh_2"; s.Account = "" })},
			Surroundings{}, `
Reconnect gh… → reconnect gh
---
gh · ada · reconnect required
  Reconnect… → reconnect gh
  Disconnect or change in Authtray… → open gh
gh_2 · disconnected
  Connect… → connect gh_2`},
		{"the locked keychain is one thing for all",
			[]tokens.Status{github(tokens.KeychainLocked), gitlab(tokens.KeychainLocked)},
			Surroundings{}, `
Unlock the keychain… → unlock keychain
---
gh · ada · keychain locked
  Unlock the keychain… → unlock keychain
  Disconnect or change in Authtray… → open gh
work · keychain locked
  Unlock the keychain… → unlock keychain
  Disconnect or change in Authtray… → open work`},
		{"an unsaved grant needs the keychain too",
			[]tokens.Status{with(gitlab(tokens.Connected), func(s *tokens.Status) { s.Unsaved = true })},
			Surroundings{}, `
Unlock the keychain… → unlock keychain
---
work · connected
  Copy token in Authtray… → open work
  Disconnect or change in Authtray… → open work`},
		{"wrongly set up",
			[]tokens.Status{with(gitlab(tokens.Misconfigured), func(s *tokens.Status) { s.Detail = "GitLab does not know this client id." })},
			Surroundings{CanCopy: true}, `
Check the scopes and addresses of work… → open work
---
work · misconfigured
  (GitLab does not know this client id.)
  Copy token → copy token work
  Try again now → refresh work
  Disconnect or change in Authtray… → open work`},
		{"retrying",
			[]tokens.Status{with(gitlab(tokens.Retrying), func(s *tokens.Status) { s.RetryAt = at("2026-11-23 12:03") })},
			Surroundings{}, `
work · trying again at 12:03
  Copy token in Authtray… → open work
  Try again now → refresh work
  Disconnect or change in Authtray… → open work`},
		{"connecting", []tokens.Status{gitlab(tokens.Connecting)}, Surroundings{}, `
work · connecting
  Continue in the browser… → connect work`},
		{"a sign-in that ends within a week",
			[]tokens.Status{with(gitlab(tokens.Connected), func(s *tokens.Status) {
				s.EndsAt = at("2026-11-29 09:00")
				s.EndsSoon = true
				s.ExpiresAt = at("2026-11-23 13:00")
			})},
			Surroundings{}, `
work · until 13:00
  (This sign-in ends 29 Nov 09:00)
  Reconnect… → reconnect work
  Copy token in Authtray… → open work
  Disconnect or change in Authtray… → open work`},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.Now = now
			got := strings.TrimSpace(draw(Build(c.all, c.in), ""))
			if want := head + strings.TrimSpace(c.want) + foot; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// draw writes a menu as text: (disabled), [x] checkbox, --- line, → action.
func draw(m Menu, indent string) string {
	var b strings.Builder
	for _, it := range m {
		label := it.Label
		switch {
		case it.Separator:
			label = "---"
		case it.Disabled:
			label = "(" + label + ")"
		case it.Check:
			label = fmt.Sprintf("[%s] %s", map[bool]string{true: "x", false: " "}[it.Checked], label)
		}
		if it.Do.Verb != Nothing {
			label = strings.TrimSpace(fmt.Sprintf("%s → %s %s", label, it.Do.Verb, strings.TrimSpace(it.Do.Name+" "+it.Do.Key)))
		}
		b.WriteString(indent + label + "\n" + draw(it.Items, indent+"  "))
	}
	return b.String()
}

func TestMenuIsAtMostOneLevelDeep(t *testing.T) {
	for _, state := range states {
		for _, it := range Build([]tokens.Status{github(state)}, Surroundings{Now: now, CanCopy: true, Questions: mayItRead}) {
			for _, below := range it.Items {
				if len(below.Items) > 0 {
					t.Errorf("%s: %q has a sub-menu", state, below.Label)
				}
			}
		}
	}
}

var states = []tokens.State{tokens.Disconnected, tokens.Connecting, tokens.Connected, tokens.Retrying,
	tokens.ReconnectRequired, tokens.Misconfigured, tokens.KeychainLocked}

func TestMenuStaysTheSameAsTimePasses(t *testing.T) {
	all := []tokens.Status{with(github(tokens.Connected), func(s *tokens.Status) { s.ExpiresAt = at("2026-11-23 14:32") })}
	early := Build(all, Surroundings{Now: now})
	late := Build(all, Surroundings{Now: now.Add(2 * time.Hour)})
	if draw(early, "") != draw(late, "") {
		t.Errorf("the menu changes by the clock:\n%s\n%s", draw(early, ""), draw(late, ""))
	}
}

func TestForeignTextIsHarmlessInTheMenu(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"ada", "ada"},
		{"  ada\n\tlovelace\x00\x1b[31m ", "ada lovelace[31m"},
		{"<b>ada</b>", "‹b›ada‹/b›"},
		{"ada\u202egpj.exe", "adagpj.exe"},
		{strings.Repeat("x", 60), strings.Repeat("x", 39) + "…"},
		{"\u200b\u2028", ""},
	} {
		if got := clean(c.in, 40); got != c.want {
			t.Errorf("clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestIconShapeIsThatOfTheWorstConnection(t *testing.T) {
	unsaved := with(github(tokens.Connected), func(s *tokens.Status) { s.Unsaved = true })
	for _, c := range []struct {
		all  []tokens.Status
		want Shape
	}{
		{nil, Fine},
		{[]tokens.Status{github(tokens.Disconnected)}, Fine},
		{[]tokens.Status{github(tokens.Connected)}, Fine},
		{[]tokens.Status{github(tokens.Connected), gitlab(tokens.Connecting)}, Working},
		{[]tokens.Status{github(tokens.Retrying), gitlab(tokens.Connected)}, Working},
		{[]tokens.Status{github(tokens.ReconnectRequired), gitlab(tokens.Retrying)}, NeedsYou},
		{[]tokens.Status{github(tokens.Misconfigured)}, NeedsYou},
		{[]tokens.Status{github(tokens.KeychainLocked)}, NeedsYou},
		{[]tokens.Status{unsaved}, NeedsYou},
	} {
		if got := ShapeOf(c.all, now); got != c.want {
			t.Errorf("%v: %v, want %v", c.all, got, c.want)
		}
	}
}

func TestTooltipSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	dead := with(github(tokens.ReconnectRequired), func(s *tokens.Status) {
		s.Reason, s.Detail = tokens.ReasonRevoked, "GitHub says access was revoked. Reconnect to go on."
	})
	lost := with(dead, func(s *tokens.Status) {
		s.Reason = tokens.ReasonAnswerLost
		s.Detail = tokens.Sentence(s.State, s.Reason, "GitHub", "")
	})
	retrying := with(gitlab(tokens.Retrying), func(s *tokens.Status) { s.Reason, s.RetryAt = tokens.ReasonNetwork, at("2026-11-23 12:03") })
	absent := with(github(tokens.KeychainLocked), func(s *tokens.Status) { s.Reason = tokens.ReasonKeychainUnavailable })
	notKept := with(dead, func(s *tokens.Status) { s.Reason, s.Detail = tokens.ReasonNotKept, "" })
	unsaved := func(s *tokens.Status) { s.Unsaved = true }
	for _, c := range []struct {
		all     []tokens.Status
		profile string
		want    string
	}{
		{nil, "", "Authtray: no connections yet. Open Authtray from the menu to add one."},
		{[]tokens.Status{github(tokens.Disconnected)}, "", "Authtray: nothing is connected. Choose Connect in the menu."},
		{[]tokens.Status{github(tokens.Connected)}, "practice", "Authtray (practice): 1 connection is fine"},
		{[]tokens.Status{github(tokens.Connected), gitlab(tokens.Connected)}, "", "Authtray: 2 connections are fine"},
		{[]tokens.Status{dead, retrying}, "", "Authtray: GitHub says access was revoked. Reconnect to go on."},
		{[]tokens.Status{lost}, "", "Authtray: Reconnect GitHub: its answer was lost."},
		{[]tokens.Status{lost, gitlab(tokens.Misconfigured)}, "practice", "Authtray (practice): 2 connections need you. First: Reconnect GitHub: its answer was lost."},
		{[]tokens.Status{github(tokens.Connecting)}, "", "Authtray: Continue in the browser: GitHub waits for you."},
		{[]tokens.Status{retrying}, "", "Authtray: Trying GitLab again at 12:03: it cannot be reached."},
		{[]tokens.Status{github(tokens.KeychainLocked)}, "", "Authtray: Unlock the keychain: it is locked."},
		{[]tokens.Status{github(tokens.Misconfigured)}, "", "Authtray: Check the scopes and addresses of GitHub: the request is refused."},
		{[]tokens.Status{github(tokens.ReconnectRequired)}, "", "Authtray: Reconnect GitHub: access has ended."},
		{[]tokens.Status{with(github(tokens.Connected), unsaved)}, "", "Authtray: Unlock the keychain: the new token of GitHub is not saved."},
		{[]tokens.Status{with(retrying, unsaved)}, "",
			"Authtray: Unlock the keychain: the new token is not saved. Trying GitLab again at 12:03: it cannot be reached."},
		{[]tokens.Status{with(github(tokens.KeychainLocked), unsaved)}, "", "Authtray: Unlock the keychain: it is locked."},
		{[]tokens.Status{with(absent, unsaved)}, "", "Authtray: Start the keychain: it cannot be reached."},
		{[]tokens.Status{with(notKept, unsaved)}, "", "Authtray: Unlock the keychain and reconnect GitHub: the last sign-in is lost."},
	} {
		if got := Tooltip(c.all, c.profile, Surroundings{Now: now}); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestTooltipIsWholeOnWindows(t *testing.T) {
	for _, provider := range []string{"GitHub", "Google Cloud Platform", strings.Repeat("W", 40), strings.Repeat("𝕩", 40)} {
		for _, state := range states {
			for _, unsaved := range []bool{false, true} {
				for reason := range tokens.Explanations[state] {
					st := tokens.Status{Name: "a-connection", ProviderName: provider, State: state, Reason: reason, Unsaved: unsaved,
						RetryAt: at("2026-11-24 12:03"), Detail: tokens.Sentence(state, reason, provider, "")}
					other := with(st, func(s *tokens.Status) { s.Name = "another" })
					for _, all := range [][]tokens.Status{{st}, {st, other}} {
						got := Tooltip(all, "a-profile", Surroundings{Now: now})
						if n := len(utf16.Encode([]rune(got))); n > 127 || strings.Contains(got, "…") {
							t.Errorf("%d units: %s", n, got)
						}
					}
				}
			}
		}
	}
	long := with(github(tokens.ReconnectRequired), func(s *tokens.Status) { s.Name = strings.Repeat("x", 64); s.ProviderName = strings.Repeat("𝕩", 100) })
	if got := Tooltip([]tokens.Status{long, long}, strings.Repeat("p", 64), Surroundings{Now: now}); len(utf16.Encode([]rune(got))) > 127 {
		t.Error(got)
	}
}

func TestOutlineTellsWordsFromStructure(t *testing.T) {
	connected := Build([]tokens.Status{github(tokens.Connected)}, Surroundings{Now: now})
	renamed := Build([]tokens.Status{gitlab(tokens.Connected)}, Surroundings{Now: now, Autostart: true})
	dead := Build([]tokens.Status{github(tokens.ReconnectRequired)}, Surroundings{Now: now})
	if !sameOutline(connected, renamed) {
		t.Error("other words and a tick are another outline")
	}
	if sameOutline(connected, dead) {
		t.Error("more entries are the same outline")
	}
}

func TestMenuFitsOnAScreen(t *testing.T) {
	for _, c := range []struct {
		name  string
		state tokens.State
	}{{"all are fine", tokens.Connected}, {"all are dead", tokens.ReconnectRequired}, {"none was ever connected", tokens.Disconnected}} {
		t.Run(c.name, func(t *testing.T) {
			var all []tokens.Status
			for i := range 200 {
				all = append(all, tokens.Status{Name: fmt.Sprintf("nightly-release-signing-and-artifact-upload-for-th-%03d", i), Provider: "p",
					ProviderName: strings.Repeat("Practice ", 10), Account: strings.Repeat("ada", 32), State: c.state, Detail: strings.Repeat("word ", 50), RetryAt: at("2026-11-29 09:00")})
			}
			m := Build(all, Surroundings{Now: now})
			if m[0].Do.Verb != Open || len(m) > 21 {
				t.Errorf("%d entries, the first is %q", len(m), m[0].Label)
			}
			for _, it := range m {
				for _, it := range append(Menu{it}, it.Items...) {
					if n := len([]rune(it.Label)); n > 60 {
						t.Errorf("%d letters: %q", n, it.Label)
					}
				}
			}
			if got := draw(m, ""); !strings.Contains(got, "All 200 connections… → open") {
				t.Errorf("the rest is nowhere:\n%s", got)
			}
		})
	}
}

func TestMenuOfManyShowsThoseThatNeedTheUser(t *testing.T) {
	var all []tokens.Status
	for i := range 20 {
		all = append(all, tokens.Status{Name: fmt.Sprintf("c%02d", i), State: tokens.Disconnected})
	}
	all[13].State, all[17].State = tokens.Connected, tokens.ReconnectRequired
	got := draw(Build(all, Surroundings{Now: now}), "")
	for _, want := range []string{"c13 · connected", "c17 · reconnect required"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
}

func TestNothingInTheMenuEndsAnAccess(t *testing.T) {
	for _, state := range states {
		for _, it := range Build([]tokens.Status{github(state)}, Surroundings{Now: now, CanCopy: true}) {
			for _, it := range append(Menu{it}, it.Items...) {
				if strings.Contains(it.Label, "Disconnect") && it.Do.Verb != Open {
					t.Errorf("%s: %q does %s", state, it.Label, it.Do.Verb)
				}
			}
		}
	}
}

// TestNoTokenForLongNeedsTheUser: a connection that is tried again is no matter of
// its user's while its token is good, nor while a machine that woke finds its network.
func TestNoTokenForLongNeedsTheUser(t *testing.T) {
	for _, c := range []struct {
		name    string
		expired time.Duration // ago
		want    Shape
		next    time.Duration // until the icon changes; 0: never
	}{
		{"the token is good", -time.Hour, Working, time.Hour + noTokenFor},
		{"it has just run out", 0, Working, noTokenFor},
		{"a moment before", noTokenFor - time.Second, Working, time.Second},
		{"for long", noTokenFor, NeedsYou, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := now.Add(-c.expired)
			all := []tokens.Status{{Name: "work", State: tokens.Retrying, ExpiresAt: &at}}
			if got := ShapeOf(all, now); got != c.want {
				t.Errorf("the icon says %v; want %v", got, c.want)
			}
			next := nextChange(all, now)
			if c.next == 0 && !next.IsZero() || c.next > 0 && !next.Equal(now.Add(c.next)) {
				t.Errorf("it changes at %v; want in %v", next, c.next)
			}
		})
	}
	at := now.Add(-time.Hour)
	for name, st := range map[string]tokens.Status{"never expires": {State: tokens.Retrying, NeverExpires: true}, "no token": {State: tokens.Retrying}, "connected": {State: tokens.Connected, ExpiresAt: &at}} {
		if _, ok := noTokenFrom(st); ok {
			t.Errorf("%s: it would need the user", name)
		}
	}
}

// TestGermanMenuSaysNothingInEnglish: every state and reason, with what a provider may
// have said, in the menu and in the tooltip.
func TestGermanMenuSaysNothingInEnglish(t *testing.T) {
	in := Surroundings{Now: now, Language: lang.Named("de"), CanCopy: true, MCP: mcpOf("gh", api.MCP{Server: "Notes", Clients: []string{"", "cursor"}})}
	for state, of := range tokens.Explanations {
		for r := range of {
			st := with(github(state), func(s *tokens.Status) {
				s.Reason, s.Detail = r, tokens.Sentence(state, r, "GitHub", "")
				s.ExpiresAt, s.RetryAt, s.EndsAt, s.EndsSoon, s.Refreshable = at("2026-11-23 14:32"), at("2026-11-24 14:32"), at("2026-11-29 09:00"), true, true
			})
			for _, unsaved := range []bool{false, true} {
				st.Unsaved, st.OnDemand = unsaved, unsaved
				for _, all := range [][]tokens.Status{nil, {st}, {st, st}, slices.Repeat([]tokens.Status{st}, 12)} {
					if tip := Tooltip(all, "", in); langtest.IsEnglish(tip) {
						t.Errorf("%s %s: tooltip %q", state, r, tip)
					}
					for _, it := range Build(all, in) {
						for _, label := range append([]Item{it}, it.Items...) {
							if langtest.IsEnglish(label.Label) {
								t.Errorf("%s %s: %q", state, r, label.Label)
							}
							if rest, leads := strings.CutSuffix(label.Label, "…"); leads && label.Do.Verb != Nothing && !strings.HasSuffix(rest, " ") {
								t.Errorf("%q is written otherwise than “Authtray öffnen …”", label.Label)
							}
						}
					}
				}
			}
		}
	}
}
