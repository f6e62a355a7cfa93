package window

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/lang/langtest"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// german is a window that speaks German.
func german(t *testing.T, statuses ...tokens.Status) *bench {
	t.Helper()
	t.Setenv("LANGUAGE", "")
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	t.Setenv("LANG", "de_DE.UTF-8")
	return live(t, statuses...)
}

// choosesLanguage skips a test of what German says where the environment has no say.
func choosesLanguage(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the language is that of Windows")
	}
}

// speaksGerman fails on each English text that can be seen.
func (b *bench) speaksGerman(where string, o fyne.CanvasObject) {
	b.Helper()
	for _, text := range texts(unrolled(o)) {
		if langtest.IsEnglish(text) {
			b.Errorf("%s: %q", where, text)
		}
	}
}

// unrolled is what a view shows, with everything below the fold.
func unrolled(o fyne.CanvasObject) fyne.CanvasObject {
	if s, ok := o.(*container.Scroll); ok {
		return s.Content
	}
	return o
}

func TestEnglishIsTold(t *testing.T) {
	for text, want := range map[string]bool{"The keychain is locked.": true, "Der Schlüsselbund ist gesperrt.": false, "Auf Englisch: The keychain is locked.": false, "Nötig: Auf Englisch: Somebody.": false, "authtray token work": false} {
		if langtest.IsEnglish(text) != want {
			t.Errorf("%q is taken for English: %v", text, !want)
		}
	}
}

func TestGermanWindowSaysNothingInEnglish(t *testing.T) {
	choosesLanguage(t)
	later, before := noon.Add(time.Hour), noon.Add(-time.Hour)
	for s, reasons := range tokens.Explanations {
		for r := range reasons {
			t.Run(fmt.Sprint(s, " ", r), func(t *testing.T) {
				st := connected("work")
				st.State, st.Reason, st.Detail = s, r, tokens.Sentence(s, r, "GitLab", "")
				st.RetryAt, st.ConsentedAt, st.EndsAt, st.EndsSoon, st.Unsaved = &later, &before, &later, true, s == tokens.Connected
				if s == tokens.Connected {
					st.Detail = tokens.Unsaved.Sentence(tokens.English, "", "")
				}
				b := german(t, st)
				b.agent.mu.Lock()
				b.agent.history = nil
				for kind := range happenings {
					b.agent.history = append(b.agent.history, tokens.Event{Time: before, What: kind, Reason: r})
				}
				b.agent.history = append(b.agent.history, tokens.Event{Time: noon, What: tokens.EventKind(s), Reason: r, Detail: st.Detail})
				b.agent.mu.Unlock()
				b.details.load()
				b.until("the history is there", func() bool { return len(b.details.known.Events) > len(happenings) })
				b.speaksGerman("details", b.details.scroll)
				row := b.row()
				row.show(st, noon, true)
				b.speaksGerman("row", row)
				for _, item := range b.details.menu().Items {
					if langtest.IsEnglish(item.Label) {
						t.Errorf("the menu says %q", item.Label)
					}
				}
			})
		}
	}
}

func TestEveryGermanViewSaysNothingInEnglish(t *testing.T) {
	choosesLanguage(t)
	off := connected("off")
	off.State = tokens.Disconnected
	b := german(t, connected("work"), dead("bot"), off)
	b.speaksGerman("frame", b.win.Content())
	for _, it := range b.list.items {
		if langtest.IsEnglish(it.heading) {
			t.Errorf("a heading says %q", it.heading)
		}
	}
	refused := read(0, "/usr/bin/git", "work")
	refused.What, refused.Code = "rejected", "timeout"
	b.agent.record(read(-3000, "", "work"), refused, audit.Record{Time: noon, Dropped: 3})
	b.show(viewActivity)
	b.until("the log is read", func() bool { return len(b.activity.all) == 3 })
	b.speaksGerman("activity", b.views[viewActivity])
	for i, use := range b.activity.shown {
		row := b.newUsageRow()
		row.show(use, noon)
		b.speaksGerman("a row of activity", row)
		if use.heading == "" && use.reads[0].Dropped == 0 {
			b.activity.list.open(i)
			b.speaksGerman("reads", b.dialog.Content)
			b.dismiss()
		}
	}
	for i, finding := range findings(t) {
		for place := 'A'; place < 'D'; place++ {
			finding = strings.ReplaceAll(finding, "{{."+string(place)+"}}", "x1")
		}
		b.agent.checks = append(b.agent.checks, api.Check{ID: fmt.Sprint("check ", i), OK: i%2 == 0, Detail: finding})
	}
	b.agent.checks = append(b.agent.checks, api.Check{ID: "connection bot", Detail: dead("bot").Detail})
	b.settings.health.folded = false
	b.show(viewSettings)
	b.until("the health is told", func() bool { return len(b.settings.health.checks) > 0 })
	b.speaksGerman("settings", b.scrolls[viewSettings])
	b.sees(b.settings.health.box, "bot: GitLab meldet, dass der Zugriff entzogen wurde. Verbinden Sie sich neu, um fortzufahren.")
	b.help()
	b.speaksGerman("shortcuts", b.dialog.Content)
	b.dismiss()
	b.disconnect(api.Connection{Status: connected("work")})
	b.until("it asks", func() bool { return b.dialog != nil })
	b.speaksGerman("question", b.dialog.Content)
	b.dismiss()
	b.agent.goAway()
	b.until("the banner is shown", b.banner.object.Visible)
	b.speaksGerman("banner", b.banner.object)
}

func TestGermanSignInSaysNothingInEnglish(t *testing.T) {
	choosesLanguage(t)
	b := german(t, connected("work"))
	flow := b.flow
	flow.name, flow.entry, flow.pending = "work", gitlab(), true
	flow.attempt = api.Attempt{URL: "https://gitlab.com/x", UserCode: "ABCD-EFGH", ExpiresAt: noon.Add(time.Minute)}
	for name, show := range map[string]func(){
		"waiting": flow.showWaiting, "code": flow.showCode, "done": func() { flow.showDone(connected("work")) },
		"other account": func() { flow.showOther(&client.Problem{Code: "other_account", Detail: "You signed in as bob."}) },
		"failed":        func() { flow.failed(&client.Problem{Detail: "The provider is not there."}) },
		"no agent":      func() { flow.failed(client.ErrNoAgent) },
		"anything":      func() { flow.failed(errors.New("the socket is closed")) },
	} {
		t.Run(name, func(t *testing.T) {
			show()
			flow.tick()
			b.speaksGerman(name, b.scrolls[viewFlow])
		})
	}
}

// TestGermanFormIsGerman: also the steps and notes of the catalogue. Names on a page of
// the provider's stay as they are there, in quotation marks.
func TestGermanFormIsGerman(t *testing.T) {
	choosesLanguage(t)
	all, problems := catalog.LoadCatalogue("")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	b := german(t)
	for _, e := range all.List() {
		t.Run(e.ID, func(t *testing.T) {
			b.form.begin(api.Provider{Entry: e, RedirectURI: e.RedirectURI()})
			b.form.showMore()
			form := unrolled(b.scrolls[viewForm])
			for _, text := range append(texts(form), richTexts(form)...) {
				if langtest.IsEnglish(quoted.ReplaceAllString(text, "…")) && text != e.Name {
					t.Errorf("%q", text)
				}
			}
		})
	}
}

// quoted is a name on a provider's page.
var quoted = regexp.MustCompile("„[^“]*“|`[^`]*`|[^,;:(„]*›[^,;:(„]*|--set [^ ]*")

func TestGermanFormSaysWhatOfAnEntryOfTheUsersIsEnglish(t *testing.T) {
	choosesLanguage(t)
	b := german(t)
	e := catalog.Entry{ID: "mine", Name: "Mine", Steps: []string{"Open the page {{.Name}}."}, Notes: "Tokens of it are short."}
	b.form.begin(api.Provider{Entry: e})
	seen := append(texts(b.form.box), richTexts(b.form.box)...)
	for _, want := range []string{"Diese Schritte gibt es nur auf Englisch:", "Open the page {{.Name}}.", "Gut zu wissen (auf Englisch)", e.Notes} {
		if !slices.Contains(seen, want) {
			t.Errorf("%q is not among %q", want, seen)
		}
	}
}

// TestGuidesAreThoseOfTheCatalogue: each step and note of it is there in each language,
// with the same places, and no other.
func TestGuidesAreThoseOfTheCatalogue(t *testing.T) {
	all, problems := catalog.LoadCatalogue("")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	wanted := map[string]bool{}
	for _, e := range all.List() {
		for _, text := range append(slices.Clone(e.Steps), e.Notes) {
			wanted[text] = text != ""
		}
	}
	files, err := guides.ReadDir("guides")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := guides.ReadFile("guides/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		var said map[string]string
		if err := json.Unmarshal(data, &said); err != nil {
			t.Fatal(err)
		}
		for text, want := range wanted {
			if want && said[text] == "" {
				t.Errorf("%s lacks %q", f.Name(), text)
			}
		}
		for text, other := range said {
			if !wanted[text] {
				t.Errorf("%s: no entry says %q", f.Name(), text)
			}
			if a, b := placesOf(text), placesOf(other); !slices.Equal(a, b) {
				t.Errorf("%s: %q has %q, in English %q", f.Name(), other, b, a)
			}
			if shown := strings.ReplaceAll(other, "→", "›"); readable(other) != shown {
				t.Errorf("%s: %q is in the command line's words", f.Name(), other)
			}
		}
	}
}

// placesOf are the places, addresses and words to type of a text as the window shows
// it, in order of the alphabet.
func placesOf(text string) []string {
	all := places.FindAllString(readable(text), -1)
	for i := range all {
		all[i] = strings.TrimRight(all[i], ".,;:)")
	}
	slices.Sort(all)
	return all
}

var places = regexp.MustCompile("\\{(?:(?:fixed_)?redirect_uri|scopes)\\}|https?://[^\\s“”\"]+|`[^`]*`|--set (?:redirect|authorize|api|tokens|client|mcp)[^\\s]*")

// TestSmallWindowHoldsEveryView: 640x480 with the longest name and account, and with
// two hundred connections, in the language with the longer words: nothing asks for
// more room, and no button is cut at the side.
func TestSmallWindowHoldsEveryView(t *testing.T) {
	long := connected(strings.Repeat("n", 64))
	long.Account = strings.Repeat("account-", 12)
	broken := dead("z" + strings.Repeat("y", 63))
	broken.Account = long.Account
	all := []tokens.Status{long, broken}
	for i := range 200 {
		s := connected(fmt.Sprintf("svc-%03d", i))
		s.State = tokens.Disconnected
		all = append(all, s)
	}
	b := german(t, all...)
	reads := []audit.Record{read(0, "/usr/bin/"+strings.Repeat("p", 120), long.Name)}
	b.agent.record(reads...)
	b.agent.checks = []api.Check{{ID: "connection " + broken.Name, Detail: strings.Repeat("Wort ", 60)}, {ID: "browser", Detail: "x", Hint: strings.Repeat("c", 150)}}
	b.win.Resize(fyne.NewSize(640, 480))
	b.list.choose(long.Name)
	waits := long
	waits.State, waits.Reason, waits.ExpiresAt = tokens.Retrying, tokens.ReasonNetwork, new(time.Time)
	for _, s := range []tokens.Status{long, broken, waits} { // a list's rows are as wide as a third of the window
		r := b.row()
		r.show(s, noon, true)
		r.Resize(fyne.NewSize(240, 200))
		right := r.act.Position().X + r.act.Size().Width
		if r.act.Visible() && (r.act.Position().X < 0 || right > 240) {
			t.Errorf("%q ends at %v of 240", r.act.Text, right)
		}
		walk(r, func(o fyne.CanvasObject) {
			if l, ok := o.(*line); ok && test.WidgetRenderer(l).(*lineRenderer).text.Text == "…" {
				t.Errorf("of %q nothing is left", l.text)
			}
		})
	}
	for v, open := range map[view]func(){
		viewConnections: func() {}, viewActivity: func() {}, viewSettings: func() {}, viewPick: b.add,
		viewForm: func() { b.form.begin(gitlab()) },
		viewFlow: func() {
			b.flow.name, b.flow.entry = long.Name, gitlab()
			b.flow.attempt = api.Attempt{UserCode: "ABCD-EFGH-IJKL", URL: "https://x.example/" + strings.Repeat("u", 200)}
			b.flow.showCode()
		},
	} {
		t.Run(fmt.Sprint("view ", v), func(t *testing.T) {
			b.show(v)
			open()
			b.until("it is shown", func() bool { return b.view == v })
			b.inside(t, b.win.Content())
			b.panes.reads(true)
			b.inside(t, b.win.Content())
			for _, o := range b.details.facts.Objects {
				if l := o.(*line); v == viewConnections && l.Size().Width < l.full() {
					t.Errorf("%q is cut", l.text)
				}
			}
		})
	}
	for name, open := range map[string]func(){
		"question":  func() { b.disconnect(api.Connection{Status: long}) },
		"shortcuts": b.help,
		"licences":  b.showLicences,
		"reads":     func() { b.showReads(usage{reads: reads}) },
	} {
		t.Run(name, func(t *testing.T) {
			open()
			b.until("it is shown", func() bool { return b.dialog != nil })
			b.inside(t, b.dialog.Content)
			b.dismiss()
		})
	}
}

// inside fails where an object asks for more than 640x480, or a button of it is not
// between the window's sides.
func (b *bench) inside(t *testing.T, o fyne.CanvasObject) {
	t.Helper()
	if size := o.MinSize(); size.Width > 640 || size.Height > 480 {
		t.Errorf("it wants %v", size)
	}
	walk(o, func(o fyne.CanvasObject) {
		if at, ok := o.(*button); ok && at.Size().Width > 0 {
			left := b.app.Driver().AbsolutePositionForObject(at).X
			if right := left + at.Size().Width; left < 0 || right > 641 || at.Size().Width < at.MinSize().Width-1 {
				t.Errorf("%q is between %v and %v", at.Text, left, right)
			}
		}
	})
}

// TestGermanSignInEndsInGerman: the agent's sentences are English, as the command
// line is.
func TestGermanSignInEndsInGerman(t *testing.T) {
	choosesLanguage(t)
	german(t, connected("work"))
	for _, err := range []error{providers.ErrDenied, providers.ErrTimedOut, providers.ErrCanceled} {
		said := explain(&client.Problem{Code: "connect_failed", Detail: text.Sentence(err.Error())})
		if langtest.IsEnglish(said) || strings.Contains(said, "Auf Englisch") {
			t.Errorf("%q", said)
		}
	}
}
