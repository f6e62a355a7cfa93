package window

import (
	"go/ast"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// animatedApp is an app whose driver knows which endless animations run.
type animatedApp struct {
	fyne.App
	driver *animatedDriver
}

func (a animatedApp) Driver() fyne.Driver { return a.driver }

type animatedDriver struct {
	fyne.Driver
	endless map[*fyne.Animation]bool
}

func (d *animatedDriver) StartAnimation(a *fyne.Animation) {
	if a.RepeatCount == fyne.AnimationRepeatForever {
		d.endless[a] = true
	}
	d.Driver.StartAnimation(a)
}

func (d *animatedDriver) StopAnimation(a *fyne.Animation) {
	delete(d.endless, a)
	d.Driver.StopAnimation(a)
}

// watchAnimations records the endless animations of what b draws from now on.
func watchAnimations(b *bench) *animatedDriver {
	d := &animatedDriver{Driver: b.app.Driver(), endless: map[*fyne.Animation]bool{}}
	fyne.SetCurrentApp(animatedApp{b.app, d})
	b.Cleanup(func() { fyne.SetCurrentApp(b.app) }) // which the temporary app's own cleanup then replaces
	return d
}

// still fails where anything moves but the cursor of a field that can be seen.
func (b *bench) still(d *animatedDriver, when string) {
	b.Helper()
	for _, o := range []fyne.CanvasObject{b.win.Content(), b.win.Canvas().Overlays().Top()} {
		walk(o, func(fyne.CanvasObject) {}) // draws what is new
	}
	cursors := 0
	if at, ok := b.win.Canvas().Focused().(*entry); ok {
		if !b.seen(at) {
			b.Errorf("%s: a field that cannot be seen has the focus", when)
		}
		cursors = 1
	}
	if len(d.endless) != cursors {
		b.Errorf("%s: %d endless animations run, with %d fields in use", when, len(d.endless), cursors)
	}
}

// seen reports whether an object is visible in the topmost layer of the window.
func (b *bench) seen(o fyne.CanvasObject) bool {
	top := b.win.Canvas().Overlays().Top()
	if top == nil {
		top = b.win.Content()
	}
	found := false
	walk(top, func(at fyne.CanvasObject) { found = found || at == o })
	return found
}

// fieldIn is the first field that can be seen in an object.
func (b *bench) fieldIn(in fyne.CanvasObject) *entry {
	b.Helper()
	var first *entry
	walk(in, func(o fyne.CanvasObject) {
		if e, ok := o.(*entry); ok && first == nil {
			first = e
		}
	})
	if first == nil {
		b.Fatal("there is no field")
	}
	return first
}

func (b *bench) shortcutKey(key fyne.KeyName) {
	if !b.shortcut(&desktop.CustomShortcut{KeyName: key, Modifier: ctrl}) {
		b.Fatalf("%s is no shortcut", key)
	}
}

func TestSignInLeavesNothingMoving(t *testing.T) {
	ends := map[string]func(b *bench){
		"signed in": func(b *bench) {
			b.agent.ended <- nil
			b.until("it is done", func() bool { return !b.flow.pending })
		},
		"signed in and left": func(b *bench) {
			b.agent.ended <- nil
			b.until("it is done", func() bool { return !b.flow.pending })
			b.press(fyne.KeyReturn)
		},
		"refused": func(b *bench) {
			b.agent.ended <- &client.Problem{Code: "connect_failed", Detail: "Access was denied in the browser."}
			b.until("it has failed", func() bool { return !b.flow.pending })
		},
		"refused for a field": func(b *bench) {
			b.agent.ended <- &client.Problem{Code: "connect_failed", Field: "client_secret", Detail: "GitLab does not know this client secret."}
			b.until("the form is open", func() bool { return b.view == viewForm })
		},
		"another account": func(b *bench) {
			b.agent.ended <- &client.Problem{Code: "other_account", Detail: "You signed in as bob."}
			b.until("it asks", func() bool { return !b.flow.pending })
		},
		"tried again": func(b *bench) {
			b.agent.ended <- &client.Problem{Code: "connect_failed", Detail: "Access was denied in the browser."}
			b.until("it has failed", func() bool { return !b.flow.pending })
			b.press(fyne.KeyReturn)
			b.until("it is tried again", func() bool { return b.pages() == 2 })
		},
		"cancelled with Escape":     func(b *bench) { b.press(fyne.KeyEscape) },
		"cancelled with the button": func(b *bench) { b.tap(b.find(b.flow.box, "Cancel")) },
		"left for the list":         func(b *bench) { b.shortcutKey(fyne.Key1) },
		"left for Activity":         func(b *bench) { b.shortcutKey(fyne.Key2) },
		"left for Settings":         func(b *bench) { b.shortcutKey(fyne.Key3) },
		"left for another provider": func(b *bench) { b.shortcutKey(fyne.KeyN) },
		"below a dialog":            func(b *bench) { b.press(fyne.KeyF1) },
		"ended in another view": func(b *bench) {
			b.shortcutKey(fyne.Key2)
			b.agent.ended <- nil
			b.until("it is done", func() bool { return !b.flow.pending })
			if b.win.Canvas().Focused() != fyne.Focusable(b.activity.filter) {
				b.Error("the end of a sign-in that is not on screen took the focus")
			}
		},
		"the connection is removed": func(b *bench) {
			b.agent.ended <- &client.Problem{Code: "not_found", Detail: "There is no connection gitlab."}
			b.until("it has failed", func() bool { return !b.flow.pending })
		},
		"the agent goes away": func(b *bench) {
			b.agent.goAway()
			b.agent.ended <- client.ErrNoAgent
			b.until("it has failed", func() bool { return !b.flow.pending && b.banner.object.Visible() })
		},
	}
	for _, with := range []string{"browser", "code", "browser, and the paste field in use"} {
		for end, how := range ends {
			t.Run(with+"/"+end, func(t *testing.T) {
				b := toForm(t, func(e *api.Provider) { e.Device = "https://gitlab.com/device" })
				d := watchAnimations(b)
				fill(b, "id", "s3cret")
				if with == "code" {
					b.agent.flow = api.Attempt{URL: "https://gitlab.com/device", UserCode: "WDJB-MJHT", Mode: "device", ExpiresAt: noon.Add(15 * time.Minute)}
					b.tap(b.find(b.form.box, "Connect with a code"))
				} else {
					b.tap(b.form.submits[0])
				}
				b.until("the browser is open", func() bool { return b.pages() == 1 })
				b.still(d, "while it waits")
				if strings.Contains(with, "paste") {
					b.tap(b.find(b.flow.box, "Did the browser not come back?"))
					b.focus(b.fieldIn(b.flow.box))
					b.still(d, "while the address is pasted")
				}
				how(b)
				b.still(d, end)
			})
		}
	}
}

func TestFieldThatIsHiddenLosesTheFocus(t *testing.T) {
	crowded := make([]tokens.Status, crowd)
	for i := range crowded {
		crowded[i] = connected("c" + string(rune('a'+i)))
	}
	fields := map[string]func(b *bench){
		"filter of the list": func(b *bench) { b.shortcutKey(fyne.KeyF) },
		"filter of Activity": func(b *bench) { b.shortcutKey(fyne.Key2) },
		"search":             func(b *bench) { b.add() },
		"form": func(b *bench) {
			b.editConnection("ca")
			b.until("the form is open", func() bool { return b.view == viewForm })
			b.focus(b.form.fields[fieldID].entry)
		},
	}
	ways := map[string]func(b *bench){
		"to the list":  func(b *bench) { b.shortcutKey(fyne.Key1) },
		"to Activity":  func(b *bench) { b.shortcutKey(fyne.Key2) },
		"to Settings":  func(b *bench) { b.shortcutKey(fyne.Key3) },
		"to providers": func(b *bench) { b.shortcutKey(fyne.KeyN) },
		"back":         func(b *bench) { b.press(fyne.KeyEscape) },
		"to a sign-in": func(b *bench) {
			b.reconnect("ca")
			b.until("the browser is open", func() bool { return b.pages() == 1 })
		},
		"below a dialog":            func(b *bench) { b.press(fyne.KeyF1) },
		"below a dialog, then away": func(b *bench) { b.press(fyne.KeyF1); b.shortcutKey(fyne.Key3); b.press(fyne.KeyEscape) },
		"below a dialog, then to another field": func(b *bench) {
			b.press(fyne.KeyF1)
			b.shortcutKey(fyne.Key2)
			b.still(fyne.CurrentApp().Driver().(*animatedDriver), "below the dialog")
			b.press(fyne.KeyEscape)
		},
		"all connections are removed": func(b *bench) {
			b.model.all = map[string]tokens.Status{}
			b.list.show()
		},
	}
	for field, enter := range fields {
		for way, leave := range ways {
			t.Run(field+"/"+way, func(t *testing.T) {
				b := live(t, crowded...)
				d := watchAnimations(b)
				enter(b)
				b.still(d, "in the field")
				if len(d.endless) != 1 {
					t.Fatal("the field has no cursor, so this shows nothing")
				}
				leave(b)
				b.still(d, way)
			})
		}
	}
}

func TestDialogGivesTheFocusBack(t *testing.T) {
	b := live(t, connected("work"))
	d := watchAnimations(b)
	b.add()
	b.press(fyne.KeyF1)
	if b.win.Canvas().Focused() == fyne.Focusable(b.pick.search) {
		t.Fatal("the field below the dialog has the focus")
	}
	b.press(fyne.KeyEscape)
	if b.win.Canvas().Focused() != fyne.Focusable(b.pick.search) || b.view != viewPick {
		t.Fatal("the field does not have the focus again")
	}
	test.Type(b.pick.search, "lab")
	b.still(d, "after the dialog")
}

func TestFilterOfAFewConnectionsStaysWhileItIsInUse(t *testing.T) {
	b := live(t, connected("alpha"), connected("work"))
	d := watchAnimations(b)
	b.shortcutKey(fyne.KeyF)
	b.list.show() // as on every event
	if !b.seen(b.list.filter) {
		t.Fatal("an event hides the filter that is about to be typed in")
	}
	b.still(d, "in the filter")
	b.press(fyne.KeyDown)
	b.list.show()
	if b.seen(b.list.filter) {
		t.Fatal("an empty filter stays for two connections")
	}
	b.still(d, "in the list")
}

func TestWindowHasNoAnimationsOfItsOwn(t *testing.T) {
	for name, f := range sources(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, _ := s.X.(*ast.Ident)
			if pkg == nil {
				return true
			}
			if strings.Contains(s.Sel.Name, "Animation") || strings.Contains(s.Sel.Name, "Infinite") ||
				(pkg.Name == "widget" && strings.HasSuffix(s.Sel.Name, "Activity")) {
				t.Errorf("%s uses %s.%s", name, pkg.Name, s.Sel.Name)
			}
			return true
		})
	}
}

// TestSecondInWhichNothingHappensDrawsNothing: Fyne draws the whole window when
// anything in it is refreshed, so what says the same as before is left alone.
func TestSecondInWhichNothingHappensDrawsNothing(t *testing.T) {
	waits := connected("staging")
	waits.State = tokens.Retrying
	later := noon.Add(10*time.Minute + 30*time.Second)
	waits.RetryAt = &later
	b := live(t, connected("work"), dead("bot"), waits)
	b.agent.record(read(-3, "/usr/bin/git", "work"))
	b.show(viewActivity)
	b.until("the log is read", func() bool { return len(b.activity.all) == 1 })
	b.win.Resize(fyne.NewSize(1000, 680))
	for _, v := range []view{viewConnections, viewActivity, viewSettings} {
		b.show(v)
		b.list.choose("staging")
		b.until("the details are known", func() bool { return b.details.known.Name == "staging" && b.details.appsPage() != "" })
		b.until("the health is told", func() bool { return v != viewSettings || len(b.settings.health.checks) > 0 })
		for b.step() {
		}
		b.tick()
		marked := map[*lineRenderer]string{}
		walk(b.win.Content(), func(o fyne.CanvasObject) {
			if l, ok := o.(*line); ok {
				r := test.WidgetRenderer(l).(*lineRenderer)
				marked[r], r.text.Text = l.text, "untouched"
			}
		})
		if len(marked) < 4 {
			t.Fatalf("view %d: only %d lines were found", v, len(marked))
		}
		b.pass(time.Second)
		b.tick()
		for r, text := range marked {
			if r.text.Text != "untouched" {
				t.Errorf("view %d: %q is drawn again", v, text)
			}
		}
	}
}

// TestTimesThatCannotBeSeenAreLeftAlone: a token that ends in seconds is counted down
// in its own view, and nowhere else.
func TestTimesThatCannotBeSeenAreLeftAlone(t *testing.T) {
	s := connected("work")
	soon := noon.Add(50 * time.Second)
	s.ExpiresAt = &soon
	b := live(t, s)
	b.win.Resize(fyne.NewSize(1000, 680))
	for name, c := range map[string]struct {
		show  func()
		moves bool
	}{
		"its view":     {func() { b.show(viewConnections) }, true},
		"Settings":     {func() { b.show(viewSettings) }, false},
		"below dialog": {func() { b.show(viewConnections); b.help() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b.dismiss()
			c.show()
			b.tick()
			times := func() (all string) {
				for _, r := range b.list.rows {
					all += r.when.text
				}
				return all
			}
			before := times()
			b.pass(time.Second)
			b.tick()
			if got := times() != before; got != c.moves {
				t.Errorf("it is counted down: %v", got)
			}
		})
	}
}
