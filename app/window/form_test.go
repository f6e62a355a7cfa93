package window

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/providers/catalog"
)

func TestWhatWasTypedSurvivesEscape(t *testing.T) {
	b := toForm(t, nil)
	fill(b, "id-1", "s3cret")
	b.form.scopes.set([]string{"api"})
	b.press(fyne.KeyEscape)
	b.form.begin(gitlab())
	if got := b.form.fields[fieldID].Text; got != "id-1" || !slices.Equal(b.form.scopes.list, []string{"api"}) {
		t.Fatalf("the form says client id %q and scopes %q", got, b.form.scopes.list)
	}
	if b.form.fields[fieldSecret].Text != "" {
		t.Fatal("the window has kept the secret")
	}
	b.tap(b.find(b.form.box, "Cancel"))
	b.form.begin(gitlab())
	if got := b.form.fields[fieldID].Text; got != "" {
		t.Fatalf("after Cancel the form still says %q", got)
	}
}

func TestDraftEndsWhenItIsSaved(t *testing.T) {
	b := toFlow(t, nil)
	b.press(fyne.KeyEscape)
	b.form.begin(gitlab())
	if got := b.form.fields[fieldID].Text; got != "" {
		t.Fatalf("the next connection begins with the client id %q of the one before", got)
	}
}

func TestFormOfARemovedConnectionCloses(t *testing.T) {
	b := live(t, connected("work"))
	b.editConnection("work")
	b.until("the form is open", func() bool { return b.view == viewForm })
	b.heard(remote.Event{Removed: true, Status: connected("work")})
	if b.view != viewConnections || len(b.form.box.Objects) > 0 {
		t.Fatal("its form is still there, and would bring it back")
	}
}

func TestFormOfAConnectionThatWentWhileTheAgentWasAwayCloses(t *testing.T) {
	b := live(t, connected("work"))
	b.editConnection("work")
	b.until("the form is open", func() bool { return b.view == viewForm })
	b.agent.goAway()
	b.until("the agent is away", func() bool { return !b.present })
	b.agent.come()
	b.pass(retryAgent)
	b.until("the form is closed", func() bool { return b.view == viewConnections })
}

func TestWheelOverATextFieldScrollsThePage(t *testing.T) {
	b := toForm(t, nil)
	b.win.Resize(fyne.NewSize(700, 400))
	for _, name := range []string{fieldVar + "host", fieldID, fieldSecret, fieldScopes} {
		var over *wheel
		walk(b.form.fields[name].object, func(o fyne.CanvasObject) {
			if w, ok := o.(*wheel); ok {
				over = w
			}
		})
		page := b.scrolls[viewForm]
		page.ScrollToTop()
		over.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -40)})
		if page.Offset.Y == 0 || over.Size() != b.form.fields[name].entry.Size() {
			t.Errorf("over %s the wheel scrolls nothing", name)
		}
	}
}

func TestConnectAndCancelStayInSight(t *testing.T) {
	b := toForm(t, nil)
	b.win.Resize(fyne.NewSize(640, 400))
	for _, at := range []*button{b.form.submits[0], b.find(b.form.box, "Cancel")} {
		if y := b.app.Driver().AbsolutePositionForObject(at).Y; y+at.Size().Height > 400 {
			t.Errorf("%s is below the edge of the window", at.Text)
		}
	}
}

func TestPageOfASelfHostedProviderOpensOnceItsHostIsEntered(t *testing.T) {
	b := toForm(t, func(e *api.Provider) {
		e.Vars["host"] = catalog.Var{Label: "the GitLab host", Pattern: "hostname"}
		e.Links.Register = "https://{host}/-/user_settings/applications"
	})
	open := b.find(b.form.box, "Open the page")
	if !open.Disabled() || b.form.guide.lacks.Text != "Enter this first: The GitLab host" {
		t.Fatalf("without a host the page can be opened, or it says %q", b.form.guide.lacks.Text)
	}
	b.form.fields[fieldVar+"host"].SetText("git.example.org")
	b.tap(open)
	b.until("the page is open", func() bool { return b.pages() == 1 })
	if b.opened[0] != "https://git.example.org/-/user_settings/applications" {
		t.Fatalf("opened %s", b.opened[0])
	}
}

func TestStepsAreFilledWhileTheFieldsAre(t *testing.T) {
	b := toForm(t, func(e *api.Provider) {
		e.Steps = []string{"Sign in at https://{host}.", "Enter {redirect_uri}. Keep the secret: authtray secret set {name}."}
	})
	b.form.fields[fieldVar+"host"].SetText("git.example.org")
	got := strings.Join(richTexts(b.form.box), " | ")
	for _, want := range []string{"Sign in at https://git.example.org. |", "| Enter http://127.0.0.1/callback. Keep the secret: enter it below. |"} {
		if strings.Contains(got, want) {
			continue
		}
		t.Errorf("%q is not among %s", want, got)
	}
}

// TestAStepNamesTheScopesThatAreChosenAboveIt: what is to be ticked at the provider is
// chosen first, and need not be looked for.
func TestAStepNamesTheScopesThatAreChosenAboveIt(t *testing.T) {
	b := toForm(t, func(e *api.Provider) {
		e.Steps = []string{"Tick at least these scopes: {scopes}."}
		e.ScopeSets = []catalog.ScopeSet{{Scopes: []string{"api"}, About: "all of it"}}
	})
	ticked := func(want string) {
		t.Helper()
		if got := richTexts(b.form.box); !slices.Contains(got, "Tick at least these scopes: "+want+".") {
			t.Errorf("%q; want %s", got, want)
		}
	}
	ticked("read_user, read_api")
	b.tap(b.find(b.form.box, "All of it"))
	ticked("api")
	b.form.scopes.entry.OnSubmitted("sudo")
	ticked("api, sudo")
	b.form.scopes.remove("api")
	ticked("sudo")
	y := func(o fyne.CanvasObject) float32 { return b.app.Driver().AbsolutePositionForObject(o).Y }
	if y(b.form.scopes.entry) > y(b.form.guide.object) || y(b.form.guide.object) > y(b.form.fields[fieldID].entry) {
		t.Error("the scopes are chosen below the step that names them")
	}
}

func TestRedirectURIIsShownOnlyWhereAStepAsksForIt(t *testing.T) {
	b := toForm(t, func(e *api.Provider) { e.Steps = []string{"Choose the type Desktop app."} })
	if slices.Contains(texts(b.form.box), "Redirect URI to enter there") {
		t.Fatal("a redirect URI is to be entered where none is registered")
	}
}

func TestSecretForTheBrowserAloneIsDemandedThere(t *testing.T) {
	b := toForm(t, func(e *api.Provider) { e.Client.Secret, e.Device = "web_only", "https://gitlab.com/device" })
	b.sees(b.form.box, "Client secret")
	fill(b, "id", "")
	b.tap(b.form.submits[0])
	if !b.form.fields[fieldSecret].error.Visible() {
		t.Fatal("the browser is opened without the secret that it needs")
	}
	b.tap(b.find(b.form.box, "Connect with a code"))
	b.until("the code needs none", b.agent.has("Connect gitlab device"))
}

func TestMCPServerNeedsOneField(t *testing.T) {
	b := toForm(t, func(e *api.Provider) {
		e.ID, e.Vars, e.Quirks, e.Client.Secret = "mcp", nil, []string{"mcp_bootstrap"}, "optional"
	})
	var seen []string
	for _, name := range b.form.order {
		walk(b.form.box, func(o fyne.CanvasObject) {
			if o == fyne.CanvasObject(b.form.fields[name].entry) {
				seen = append(seen, name)
			}
		})
	}
	if !slices.Equal(seen, []string{fieldMCP}) {
		t.Fatalf("asks for %q at once", seen)
	}
	b.form.fields[fieldName].SetText("No Name")
	b.form.fields[fieldMCP].SetText("https://mcp.example.org/mcp")
	b.tap(b.form.submits[0])
	if !b.form.more.Visible() || !b.form.fields[fieldName].error.Visible() {
		t.Fatal("what is wrong is folded away")
	}
}

func TestAPIAddressAndHostsAreSaved(t *testing.T) {
	b := toForm(t, nil)
	b.agent.config.Override = map[string]any{"api": map[string]any{"hosts": []any{"x"}}}
	b.editConnection("work")
	b.until("the form is open", func() bool { return b.form.editing == "work" })
	b.form.fields[fieldAPI].SetText("https://api.example.org")
	b.form.fields[fieldHosts].SetText("git.example.org, docker.example.org")
	in := b.form.read().cfg
	if apiBase(in) != "https://api.example.org" || !slices.Equal(in.Hosts, []string{"git.example.org", "docker.example.org"}) || len(in.Override["api"].(map[string]any)) != 2 {
		t.Fatalf("saved %+v", in)
	}
	b.form.fields[fieldAPI].SetText("")
	if got := b.form.read().cfg.Override["api"].(map[string]any); len(got) != 1 {
		t.Fatalf("emptied, the override is %v", got)
	}
}

func TestPageOfAppsIsFilledIn(t *testing.T) {
	e := gitlab().Entry
	for _, c := range []struct{ name, link, want, lacking string }{
		{"nothing to fill", "https://a.example/x", "https://a.example/x", ""},
		{"a variable", "https://{host}/x", "https://git.example.org/x", ""},
		{"the client id", "https://a.example/{client_id}", "https://a.example/a%2Fb", ""},
		{"an unknown one", "https://a.example/{other}", "", "Other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			page, lacking := fillLink(c.link, e, catalog.Connection{ClientID: "a/b", Vars: map[string]string{"host": "git.example.org"}})
			if page != c.want || lacking != c.lacking {
				t.Errorf("fillLink = %q, %q", page, lacking)
			}
		})
	}
}

// TestSecretIsKeptNoLongerThanItsForm: whatever leads away from the form, and
// whatever was typed there is a draft, the secret is not.
func TestSecretIsKeptNoLongerThanItsForm(t *testing.T) {
	for name, leave := range map[string]func(*bench){
		"Escape":       func(b *bench) { b.press(fyne.KeyEscape) },
		"another view": func(b *bench) { b.show(viewActivity) },
		"the tray":     func(b *bench) { b.visit("work") },
		"another form": func(b *bench) {
			e := gitlab()
			e.ID = "other"
			b.form.begin(e)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := toForm(t, nil)
			fill(b, "id-1", "s3cret")
			old := b.form.fields[fieldSecret]
			leave(b)
			if at := b.form.fields[fieldSecret]; at.Text != "" || at == old && old.Text != "" {
				t.Error("the field still holds it")
			}
			if d := b.form.drafts["gitlab"]; d.values[fieldID] != "id-1" || slices.Contains(slices.Collect(maps.Values(d.values)), "s3cret") {
				t.Errorf("the draft is %q", d.values)
			}
		})
	}
}

// TestWhatIsWrongHasRoomWhereItIsSaid: Fyne gives what was hidden no room by itself.
func TestWhatIsWrongHasRoomWhereItIsSaid(t *testing.T) {
	b := toForm(t, nil)
	b.win.Resize(fyne.NewSize(1000, 680))
	b.form.submits[0].OnTapped()
	for name, at := range map[string]*field{"a field": b.form.fields[fieldID], "none of them": b.form.general} {
		t.Run(name, func(t *testing.T) {
			at.wrong("This is wrong, and here is what to do about it.")
			if size := at.error.Size(); size.Width < 200 || size.Height < 15 {
				t.Errorf("it has %v", size)
			}
		})
	}
	at := b.form.fields[fieldID]
	if next := b.form.fields[fieldSecret]; b.app.Driver().AbsolutePositionForObject(next.entry).Y < b.app.Driver().AbsolutePositionForObject(at.error).Y+at.error.Size().Height {
		t.Error("it lies over the next field")
	}
}

func TestFieldBelowTheFoldIsBroughtUpWhenItMatters(t *testing.T) {
	e := gitlab()
	for range 12 {
		e.Steps = append(e.Steps, "Do this, and then that.")
	}
	open := func(t *testing.T) (*bench, *field) {
		b := live(t)
		b.win.Resize(fyne.NewSize(1000, 500))
		b.form.begin(e)
		at := b.form.fields[fieldID]
		b.scrolls[viewForm].ScrollToTop() // Fyne's window has no sizes yet when the field gets the focus
		if b.focused() != fyne.Focusable(at.entry) || b.sees500(at) {
			t.Fatal("the field is not below the fold with the focus")
		}
		return b, at
	}
	t.Run("somebody types", func(t *testing.T) {
		b, at := open(t)
		at.TypedRune('x')
		if !b.sees500(at) {
			t.Error("what is typed cannot be seen")
		}
	})
	t.Run("it is wrong", func(t *testing.T) {
		b, at := open(t)
		b.form.submits[0].OnTapped()
		if !at.error.Visible() || !b.sees500(at) {
			t.Error("what is wrong cannot be seen")
		}
	})
}

// sees500 reports whether a field is within a window 500 high.
func (b *bench) sees500(at *field) bool {
	y := b.app.Driver().AbsolutePositionForObject(at.entry).Y
	return y > 0 && y < 450
}
