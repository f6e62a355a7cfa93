package window

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// pictured is a view of which pictures are drawn.
type pictured struct {
	name     string
	statuses []tokens.Status
	size     fyne.Size // zero: the window's first size
	open     func(b *bench)
}

// TestPictures draws every view in light and dark, in English and German. They are
// kept in the folder "views" of the one that SCREENSHOTS names, as
// VIEW-THEME-LANGUAGE.png, with all four side by side in sheet-VIEW.png.
func TestPictures(t *testing.T) {
	choosesLanguage(t)
	if testing.Short() {
		t.Skip("it draws a hundred pictures")
	}
	dir := t.TempDir()
	if shots := os.Getenv("SCREENSHOTS"); shots != "" {
		dir = filepath.Join(shots, "views")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	catalogue, problems := catalog.LoadCatalogue("")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, v := range allPictured() {
		t.Run(v.name, func(t *testing.T) {
			var four []image.Image
			for _, language := range []string{"en", "de"} {
				t.Run(language, func(t *testing.T) { four = append(four, v.draw(t, catalogue, dir, language)...) })
			}
			for i, a := range four {
				for _, b := range four[:i] {
					if bytes.Equal(pixelsOf(a), pixelsOf(b)) {
						t.Error("two of its pictures are the same")
					}
				}
			}
			keepPicture(t, filepath.Join(dir, "sheet-"+v.name+".png"), sheet(four))
		})
	}
}

// draw draws a view in one language, in light and in dark.
func (v pictured) draw(t *testing.T, catalogue *catalog.Catalogue, dir, language string) (two []image.Image) {
	var b *bench
	if language == "de" {
		b = german(t, v.statuses...)
	} else {
		t.Setenv("LC_ALL", "en_US.UTF-8")
		t.Setenv("LANGUAGE", "")
		b = live(t, v.statuses...)
	}
	b.drawnAnew()
	b.agent.names = catalogue.Names()
	for _, e := range catalogue.List() {
		b.entries[e.ID] = api.Provider{Entry: e, RedirectURI: e.RedirectURI()}
	}
	if v.size.IsZero() {
		v.size = fyne.NewSize(1000, 680)
	}
	b.win.Resize(v.size)
	v.open(b)
	for b.step() {
	}
	for i, variant := range []fyne.ThemeVariant{theme.VariantLight, theme.VariantDark} {
		test.ApplyTheme(t, fixed{ourTheme(), variant})
		b.win.Content().Refresh()
		b.list.show()
		picture := b.win.Canvas().Capture()
		two = append(two, picture)
		keepPicture(t, filepath.Join(dir, fmt.Sprintf("%s-%s-%s.png", v.name, []string{"light", "dark"}[i], language)), picture)
	}
	return two
}

func keepPicture(t *testing.T, file string, picture image.Image) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(f, picture); err != nil {
		t.Fatal(err)
	}
}

// sheet is pictures of one size side by side.
func sheet(all []image.Image) image.Image {
	size := all[0].Bounds().Size()
	out := image.NewRGBA(image.Rect(0, 0, len(all)*(size.X+8)-8, size.Y))
	for i, picture := range all {
		at := image.Pt(i*(size.X+8), 0)
		draw.Draw(out, image.Rectangle{at, at.Add(size)}, picture, picture.Bounds().Min, draw.Src)
	}
	return out
}

func pixelsOf(img image.Image) []byte {
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Src)
	return out.Pix
}

// inState is a connection as it is in a state for a reason.
func inState(name string, state tokens.State, reason tokens.Reason) tokens.Status {
	s := connected(name)
	s.State, s.Reason = state, reason
	s.Detail = tokens.Sentence(state, reason, s.ProviderName, "")
	return s
}

// at is a connection at another provider than GitLab.
func at(id, name, account string, s tokens.Status) tokens.Status {
	s.Provider, s.ProviderName, s.Account = id, name, account
	if s.Detail != "" {
		s.Detail = tokens.Sentence(s.State, s.Reason, name, s.Cause)
	}
	return s
}

// everyState are connections in all groups of the list.
func everyState() []tokens.Status {
	soon, before := noon.Add(48*time.Second), noon.Add(-9*time.Minute)
	waits := at("slack", "Slack", "ada", inState("chat", tokens.Retrying, tokens.ReasonNetwork))
	waits.RetryAt = &soon
	out := inState("staging", tokens.Retrying, tokens.ReasonNetwork)
	out.RetryAt, out.ExpiresAt = &soon, &before
	return []tokens.Status{
		at("github", "GitHub", "ada-l", connected("gh")), connected("work"), waits, out,
		at("google", "Google", "ada@example.org", inState("mail", tokens.ReconnectRequired, tokens.ReasonRevoked)),
		at("microsoft", "Microsoft", "", inState("office", tokens.Misconfigured, tokens.ReasonClientRefused)),
		at("mcp", "MCP server", "", tokens.Status{Name: "docs", State: tokens.Disconnected}),
		at("linear", "Linear", "", tokens.Status{Name: "linear", State: tokens.Disconnected}),
	}
}

// detailed is a picture of the details of one connection.
func detailed(name string, s tokens.Status) pictured {
	happened := []tokens.Event{{Time: noon.Add(-26 * time.Hour), What: "connected"}, {Time: noon.Add(-3 * time.Hour), What: "refreshed"}, {Time: noon.Add(-2 * time.Hour), What: "refreshed"}}
	if s.State != tokens.Connected {
		happened = append(happened, tokens.Event{Time: noon.Add(-time.Minute), What: tokens.EventKind(s.State), Reason: s.Reason, Detail: s.Detail})
	}
	return pictured{name: "details-" + name, statuses: []tokens.Status{s}, size: fyne.NewSize(1000, 860), open: func(b *bench) {
		b.agent.history = happened
		b.details.load()
		b.until("the history is there", func() bool { return len(b.details.known.Events) == len(happened) })
	}}
}

func formOf(name, id string, size fyne.Size, fill func(b *bench)) pictured {
	return pictured{name: "form-" + name, statuses: []tokens.Status{connected("work")}, size: size, open: func(b *bench) {
		b.form.begin(b.entries[id])
		if fill != nil {
			fill(b)
		}
	}}
}

func allPictured() []pictured {
	start := noon.Add(-72 * time.Hour)
	since := func(s tokens.Status) tokens.Status { s.ConsentedAt = &start; return s }
	all := everyState()
	var crowded []tokens.Status
	for i := range 200 {
		s := at("github", "GitHub", "ada", tokens.Status{Name: fmt.Sprintf("svc-%03d", i), State: tokens.Disconnected})
		if i%17 == 0 {
			s = at("github", "GitHub", "ada", connected(s.Name))
		}
		crowded = append(crowded, s)
	}
	locked := connected("work")
	locked.State, locked.Reason = tokens.KeychainLocked, ""
	locked.Detail = tokens.Sentence(locked.State, "", locked.ProviderName, "")
	views := []pictured{
		{name: "list-empty", open: func(*bench) {}},
		{name: "list-full", statuses: all, open: func(b *bench) { b.list.choose("gh") }},
		{name: "list-200", statuses: crowded, open: func(b *bench) { b.list.choose("svc-017") }},
		{name: "narrow-list", statuses: all, size: fyne.NewSize(640, 480), open: func(*bench) {}},
		{name: "narrow-details", statuses: all, size: fyne.NewSize(640, 480), open: func(b *bench) { b.visit("gh") }},
		{name: "setup", statuses: all, size: fyne.NewSize(1000, 860), open: func(b *bench) {
			b.command = func(...string) (string, string, error) {
				return "git config --global --replace-all credential.https://github.com.helper ''\ngit config --global --add credential.https://github.com.helper '!authtray helper git gh'\n", "", nil
			}
			b.agent.record(read(-2, "/usr/bin/git", "gh"))
			b.list.choose("gh")
			b.until("who read is known", func() bool { return len(b.activity.all) == 1 })
			b.details.tick()
			b.tap(b.find(b.details.useCard.Container, "git"))
			b.until("the lines are there", func() bool { return b.details.useCard.opened.printed != "" })
		}},
		{name: "list-no-match", statuses: crowded, open: func(b *bench) { b.ui.find(); b.list.filter.SetText("svc-1zz") }},
		detailed("connected", since(connected("work"))),
		detailed("retrying", since(all[2])),
		detailed("no-token", since(all[3])),
		detailed("revoked", since(all[4])),
		detailed("misconfigured", since(all[5])),
		detailed("disconnected", at("gitlab", "GitLab", "ada", tokens.Status{Name: "work", State: tokens.Disconnected})),
		detailed("locked", locked),
		formOf("github", "github", fyne.NewSize(1000, 1200), nil),
		formOf("gitlab", "gitlab", fyne.NewSize(1000, 1200), func(b *bench) { b.form.fields[fieldVar+"host"].SetText("git.example.org") }),
		formOf("google", "google", fyne.Size{}, nil),
		formOf("oidc", "oidc", fyne.Size{}, nil),
		formOf("mcp", "mcp", fyne.Size{}, nil),
		formOf("mcp-more", "mcp", fyne.NewSize(1000, 1200), func(b *bench) { b.form.showMore() }),
		formOf("errors", "gitlab", fyne.NewSize(1000, 1000), func(b *bench) { fill(b, "a b", ""); b.tap(b.form.submits[0]) }),
	}
	views = append(views, picturedSignIns()...)
	return append(views, picturedRest(all)...)
}

// picturedSignIns are the pages of a sign-in, and the search before it.
func picturedSignIns() []pictured {
	page := func(name string, attempt api.Attempt, show func(b *bench)) pictured {
		return pictured{name: "sign-in-" + name, statuses: []tokens.Status{connected("work")}, open: func(b *bench) {
			c := b.flow
			c.name, c.entry, c.pending, c.attempt = "work", gitlab(), true, attempt
			b.show(viewFlow)
			show(b)
			c.tick()
		}}
	}
	attempt := api.Attempt{URL: "https://gitlab.com/oauth/authorize?state=x", Mode: "url", ExpiresAt: noon.Add(10 * time.Minute)}
	code := api.Attempt{URL: "https://gitlab.com/device", UserCode: "WDJB-MJHT", Mode: "device", ExpiresAt: noon.Add(15 * time.Minute)}
	return []pictured{
		{name: "search", statuses: []tokens.Status{connected("work")}, open: func(b *bench) {
			b.add()
			b.until("the providers are known", func() bool { return len(b.pick.items) > 6 })
		}},
		{name: "search-typed", statuses: []tokens.Status{connected("work")}, open: func(b *bench) {
			b.add()
			b.until("the providers are known", func() bool { return len(b.pick.items) > 6 })
			b.pick.search.SetText("git")
		}},
		page("waiting", attempt, func(b *bench) { b.flow.showWaiting() }),
		page("pasted", attempt, func(b *bench) {
			b.flow.showWaiting()
			b.tap(b.find(b.flow.box, tr("Did the browser not come back?")))
		}),
		page("code", code, func(b *bench) { b.flow.showCode() }),
		page("done", attempt, func(b *bench) { b.flow.showDone(connected("work")) }),
		page("other-account", attempt, func(b *bench) {
			b.flow.showOther(&client.Problem{Code: "other_account", Detail: "You signed in as bob, but work was connected as ada. The new sign-in is kept for ten minutes, in case you want it."})
		}),
		page("denied", attempt, func(b *bench) {
			b.flow.failed(&client.Problem{Code: "connect_failed", Reason: "access_denied", Detail: "Access was denied in the browser."})
		}),
	}
}

// picturedRest are Activity, Settings, the dialogs, and what lies over a view.
func picturedRest(all []tokens.Status) []pictured {
	one := []tokens.Status{connected("work")}
	log := []audit.Record{read(-60*26, "/usr/bin/docker", "gh"), read(-90, "/usr/bin/git", "work"), read(-42, "/usr/bin/git", "work"), read(-30, "", "mail"),
		{Time: noon.Add(-20 * time.Minute), Exe: "/usr/bin/curl", ParentExe: "/usr/bin/bash", PID: 4711, ParentPID: 4700, Connection: "gh"},
		{Time: noon.Add(-3 * time.Minute), Exe: "/usr/bin/gh", PID: 4712, Connection: "mail", Code: "reconnect_required"}, {Time: noon.Add(-time.Minute), Dropped: 3}}
	activity := func(b *bench) {
		b.meet("/usr/bin/git")
		b.agent.record(log...)
		b.show(viewActivity)
		b.until("the log is read", func() bool { return len(b.activity.all) == len(log) })
	}
	settings := func(b *bench) {
		yes := true
		b.agent.settings.Autostart = &yes
		b.agent.checks = []api.Check{{ID: "agent", OK: true, Detail: "The agent is running."}, {ID: "keychain", OK: true, Detail: "The keychain works."},
			{ID: "connection mail", Detail: all[4].Detail}, {ID: "connection office", Detail: all[5].Detail}, {ID: "browser", Detail: "No browser was found.", Hint: "xdg-settings set default-web-browser firefox.desktop"}}
		b.show(viewSettings)
		b.until("the health is told", func() bool { return len(b.settings.health.checks) > 0 })
	}
	return []pictured{
		{name: "activity", statuses: all, open: activity},
		{name: "activity-empty", statuses: one, open: func(b *bench) { b.show(viewActivity) }},
		{name: "activity-reads", statuses: all, open: func(b *bench) { activity(b); b.showReads(b.activity.uses()[3]) }},
		{name: "settings", statuses: all, open: settings},
		{name: "settings-end", statuses: all, open: func(b *bench) { settings(b); b.settings.health.fold(); b.scrolls[viewSettings].ScrollToBottom() }},
		{name: "shortcuts", statuses: one, open: (*bench).help},
		{name: "licences", statuses: one, open: func(b *bench) { b.showLicences() }},
		{name: "question-disconnect", statuses: one, open: func(b *bench) {
			b.disconnect(api.Connection{Status: connected("work")})
			b.until("it asks", func() bool { return b.dialog != nil })
		}},
		{name: "question-programs", statuses: all, open: func(b *bench) { activity(b); b.activity.meetAll() }},
		{name: "undo", statuses: all, open: func(b *bench) {
			b.list.choose("gh")
			b.part("gh", func(left string) string {
				return tr("{{.Name}} will be disconnected in {{.Time}}.", "Name", "gh", "Time", left)
			}, "", b.agent.Disconnect)
		}},
		{name: "menu-manage", statuses: one, open: func(b *bench) {
			b.until("the details are known", func() bool { return b.details.known.Name == "work" && b.details.appsPage() != "" })
			b.details.openMenu()
		}},
		{name: "agent-gone", statuses: all, open: func(b *bench) {
			b.agent.goAway()
			b.until("the banner is shown", b.banner.object.Visible)
		}},
	}
}
