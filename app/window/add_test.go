package window

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// toForm opens the form for the agent's provider, by keyboard alone.
func toForm(t *testing.T, change func(*api.Provider), statuses ...tokens.Status) *bench {
	t.Helper()
	b := live(t, statuses...)
	if change != nil {
		change(&b.agent.entry)
	}
	b.add()
	b.until("the providers are there", func() bool { return len(b.pick.all) == 3 })
	test.Type(b.pick.search, "lab")
	b.press(fyne.KeyReturn)
	b.until("the form is open", func() bool { return b.view == viewForm })
	return b
}

func fill(b *bench, id, secret string) {
	b.form.fields[fieldID].SetText(id)
	b.form.fields[fieldSecret].SetText(secret)
}

func TestProvidersAreFoundWhileTyping(t *testing.T) {
	all := []api.Brief{{ID: "gitlab", Name: "GitLab"}, {ID: "github-app", Name: "GitHub App"}, {ID: "github", Name: "GitHub"}, {ID: "bitbucket", Name: "Bitbucket"}, {ID: "mylab", Name: "My Lab"}, {ID: "gitlab-a", Name: "A GitLab"}}
	for typed, want := range map[string][]string{
		"":          {"A GitLab", "Bitbucket", "GitHub", "GitHub App", "GitLab", "My Lab"},
		"git":       {"A GitLab", "GitHub", "GitHub App", "GitLab"},
		"lab":       {"A GitLab", "GitLab", "My Lab"},
		"my":        {"My Lab"},
		"mylab":     {"My Lab"},
		"github":    {"GitHub", "GitHub App"},
		"bit":       {"Bitbucket"},
		"gitlab":    {"GitLab", "A GitLab"},
		"APP hub ":  {"GitHub App"},
		"nothing":   nil,
		"gihtub":    {"GitHub"},
		"bitbukcet": {"Bitbucket"},
	} {
		var got []string
		for _, b := range found(all, typed) {
			got = append(got, b.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("found(%q) = %q; want %q", typed, got, want)
		}
	}
}

func TestFrequentProvidersComeFirst(t *testing.T) {
	catalogue, problems := catalog.LoadCatalogue("")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	newBench(t)
	var got []string
	list := choices(catalogue.Names(), "")
	for _, c := range list[:9] {
		got = append(got, cmp.Or(c.heading, c.Name))
	}
	if want := "Common, GitHub, Google, GitLab, Microsoft, OpenID Connect, MCP server, All providers, Airtable"; strings.Join(got, ", ") != want {
		t.Errorf("the list begins with %s", strings.Join(got, ", "))
	}
	if len(list) != len(catalogue.Names())+8 {
		t.Errorf("%d entries for %d providers", len(list), len(catalogue.Names()))
	}
	for _, c := range choices(catalogue.Names(), "git") {
		if c.heading != "" {
			t.Errorf("there is the heading %q above what was searched for", c.heading)
		}
	}
}

func TestListSaysWhatEachProviderNeeds(t *testing.T) {
	catalogue, problems := catalog.LoadCatalogue("")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	newBench(t)
	want := map[string]string{
		"github":    "Needs a client ID; a secret too for signing in with the browser",
		"google":    "Needs a client ID and secret",
		"gitlab":    "Needs a client ID · your own server too",
		"microsoft": "Needs a client ID",
		"oidc":      "Needs the server's address; many servers want nothing else",
		"mcp":       "Needs the server's address; many servers want nothing else",
		"keycloak":  "Needs a client ID · your own server",
		"practice":  "Nothing to register",
	}
	for _, b := range catalogue.Names() {
		said := toBring(b)
		if want[b.ID] != "" && said != want[b.ID] {
			t.Errorf("%s: %q; want %q", b.ID, said, want[b.ID])
		}
		entry, _ := catalogue.Entry(b.ID)
		if n := needsOf(api.Provider{Entry: entry}); n.register != strings.Contains(said, "client ID") || n.secret == always && !strings.Contains(said, "secret") {
			t.Errorf("%s: %q, and its form asks otherwise: %+v", b.ID, said, n)
		}
	}
}

func TestKeysPassOverTheHeadingsOfTheProviders(t *testing.T) {
	b := live(t)
	b.add()
	b.until("the providers are there", func() bool { return len(b.pick.items) == 8 }) // three, twice, and two headings
	b.press(fyne.KeyDown)
	var got []string
	for range 5 {
		got = append(got, b.pick.items[b.pick.list.at].Name)
		b.press(fyne.KeyDown)
	}
	b.press(fyne.KeyUp)
	got = append(got, b.pick.items[b.pick.list.at].Name)
	if want := "GitHub GitLab OpenID Connect GitHub GitLab GitLab"; strings.Join(got, " ") != want {
		t.Errorf("went over %q; want %q", got, want)
	}
	b.press(fyne.KeyUp, fyne.KeyUp, fyne.KeyUp, fyne.KeyUp, fyne.KeyUp)
	if b.focused() != fyne.Focusable(b.pick.search) {
		t.Error("Up does not lead back to the search")
	}
}

func TestProviderIsFoundByTheHostThatWasTyped(t *testing.T) {
	b := live(t)
	b.add()
	b.until("the providers are there", func() bool { return len(b.pick.all) > 0 })
	for _, typed := range []string{"https://git.example.com", "git.example", "https://git.example.org"} {
		b.pick.search.SetText(typed)
	}
	b.until("the host's provider is there", func() bool { return len(b.pick.items) == 1 && b.pick.items[0].ID == "gitlab" })
	b.pick.choose(0)
	b.until("the form is open", func() bool { return b.view == viewForm })
	if got := b.form.fields[fieldVar+"host"].Text; got != "git.example.org" {
		t.Errorf("host %q", got)
	}
}

func TestReadyChoiceTakesThePlaceOfTheScopes(t *testing.T) {
	b := toForm(t, func(p *api.Provider) {
		p.AuthorizeOpts.ScopesForRefresh = []string{"offline_access"}
		p.ScopeSets = []catalog.ScopeSet{{Name: "files", About: "read files", Scopes: []string{"files.read", "openid"}}}
	})
	b.form.scopes.set([]string{"everything"})
	b.tap(b.find(b.form.box, "Read files"))
	if got := strings.Join(b.form.scopes.list, " "); got != "files.read openid offline_access" {
		t.Errorf("scopes %s", got)
	}
	if len(b.form.entry.AuthorizeOpts.Scopes) > 0 && b.form.entry.AuthorizeOpts.Scopes[0] == "files.read" {
		t.Error("the entry's own scopes have changed")
	}
}

func TestFormAsksExactlyWhatTheProviderNeeds(t *testing.T) {
	b := toForm(t, nil)
	if got := strings.Join(b.form.order, " "); got != "vars.host name client_id client_secret api.base hosts" {
		t.Fatalf("asks for %s", got)
	}
	if b.win.Canvas().Focused() != fyne.Focusable(b.form.fields[fieldID].entry) {
		t.Error("the first empty field does not have the focus")
	}
	b.sees(b.form.box, "Redirect URI to enter there")
	b.tap(b.find(b.form.box, "Copy"))
	if got := b.app.Clipboard().Content(); got != "http://127.0.0.1/callback" {
		t.Fatalf("copied %q", got)
	}
	b.tap(b.find(b.form.box, "Open the page"))
	b.until("the page is open", func() bool { return b.pages() == 1 })
}

func TestPublicClientIsNotAskedForASecret(t *testing.T) {
	b := toForm(t, func(e *api.Provider) { e.Client.Secret = "none" })
	if _, asked := b.form.fields[fieldSecret]; asked {
		t.Fatal("asks for a secret that the provider does not have")
	}
}

func TestEmptyAndAbsurdValuesAreToldNextToTheirFields(t *testing.T) {
	b := toForm(t, nil, connected("work"))
	b.form.fields[fieldName].SetText("Work!")
	b.form.fields[fieldVar+"host"].SetText("not a host")
	fill(b, "", "two words")
	b.tap(b.form.submits[0])
	for name, want := range map[string]string{fieldName: "lower-case", fieldVar + "host": "host name", fieldID: "Paste the client ID", fieldSecret: "space or a line break"} {
		at := b.form.fields[name]
		if !at.error.Visible() || !strings.Contains(at.error.Text, want) {
			t.Errorf("%s is told %q; want something with %q", name, at.error.Text, want)
		}
	}
	if b.agent.has("Put gitlab")() {
		t.Fatal("it was saved all the same")
	}
	b.form.fields[fieldName].SetText("work")
	if b.form.fields[fieldName].error.Visible() {
		t.Error("the sentence stays while the field is being corrected")
	}
	b.tap(b.form.submits[0])
	if got := b.form.fields[fieldName].error.Text; got != "There is a connection work already. Choose another name." {
		t.Errorf("a taken name is told %q", got)
	}
}

func TestPastedValuesLoseTheirSpacesAndLineBreaks(t *testing.T) {
	b := toForm(t, nil)
	b.form.fields[fieldVar+"host"].SetText(" https://git.example.org/ ")
	fill(b, " id-123\n", "s3cret\r\n")
	b.tap(b.form.submits[0])
	b.until("the secret is saved", b.agent.has("SetSecret gitlab s3cret"))
	b.agent.mu.Lock()
	defer b.agent.mu.Unlock()
	if c := b.agent.config; c.ClientID != "id-123" || c.Vars["host"] != "git.example.org" || c.Scopes != nil || c.Provider != "gitlab" {
		t.Fatalf("saved %+v", c)
	}
}

func TestScopesAreChipsThatCanBeAddedAndTakenAway(t *testing.T) {
	b := toForm(t, nil)
	b.form.scopes.entry.SetText("write_api, sudo")
	b.focus(b.form.scopes.entry)
	b.press(fyne.KeyReturn)
	chips := b.form.scopes.box.Objects
	if len(chips) != 4 {
		t.Fatalf("%d chips", len(chips))
	}
	b.focus(chips[0].(*chip))
	b.press(fyne.KeyDelete)
	test.Tap(b.form.scopes.box.Objects[0].(*chip))
	if got := strings.Join(b.form.scopes.value(), " "); got != "write_api sudo" {
		t.Fatalf("scopes are %q", got)
	}
}

func TestSecretIsForgottenByTheFormOnceItIsSaved(t *testing.T) {
	b := toForm(t, nil)
	fill(b, "id", "s3cret")
	b.tap(b.form.submits[0])
	b.until("the flow begins", b.agent.has("Connect gitlab url"))
	if b.form.fields[fieldSecret].Text != "" {
		t.Fatal("the secret is still in the form")
	}
}

func TestRefusalOfTheAgentLandsNextToItsField(t *testing.T) {
	b := toForm(t, nil)
	b.agent.fails("Put", &client.Problem{Code: "bad_request", Field: "client_id", Detail: "client_id must not be empty."})
	fill(b, "id", "s3cret")
	b.tap(b.form.submits[0])
	b.until("it is told", b.form.fields[fieldID].error.Visible)
	b.agent.fails("Put", &client.Problem{Code: "bad_request", Detail: "The disk is full."})
	b.tap(b.form.submits[0])
	b.until("what concerns no field stands below", b.form.general.error.Visible)
	b.agent.fails("Put", client.ErrNoAgent)
	b.tap(b.form.submits[0])
	b.until("an absent agent is told too", func() bool { return b.form.general.error.Text == "Authtray's agent does not answer." })
	if b.form.fields[fieldSecret].Text != "s3cret" || b.form.submits[0].Disabled() {
		t.Fatal("what was typed is lost, or cannot be sent again")
	}
}

// toFlow goes on until the browser is open.
func toFlow(t *testing.T, change func(*api.Provider)) *bench {
	t.Helper()
	b := toForm(t, change)
	fill(b, "id", "s3cret")
	b.focus(b.form.fields[fieldSecret].entry)
	b.press(fyne.KeyReturn)
	b.until("the browser is open", func() bool { return b.pages() == 1 })
	return b
}

func TestConnectEndsWithTheCommandThatToolsNeed(t *testing.T) {
	b := toFlow(t, nil)
	b.until("it waits for the answer", b.agent.has("Wait gitlab url"))
	b.sees(b.flow.box, "Waiting for your browser…")
	b.tap(b.find(b.flow.box, "Copy link"))
	if got := b.app.Clipboard().Content(); got != b.agent.flow.URL {
		t.Fatalf("copied %q", got)
	}
	b.agent.ended <- nil
	b.until("it is done", func() bool { return !b.flow.pending })
	b.sees(b.flow.box, "gitlab is connected")
	b.sees(b.flow.box, "Signed in as ada.")
	b.sees(b.flow.box, "authtray token gitlab")
	b.press(fyne.KeyReturn)
	if b.view != viewConnections {
		t.Fatal("Enter does not end it")
	}
}

func TestEscapeCancelsThePendingFlow(t *testing.T) {
	b := toFlow(t, nil)
	b.press(fyne.KeyEscape)
	b.until("the agent is told", b.agent.has("Cancel gitlab"))
	if b.view != viewConnections {
		t.Fatal("Escape does not lead back")
	}
}

func TestFailedFlowSaysWhyAndCanBeTriedAgain(t *testing.T) {
	b := toFlow(t, nil)
	b.agent.ended <- &client.Problem{Code: "connect_failed", Detail: "Access was denied in the browser."}
	b.until("it has failed", func() bool { return !b.flow.pending })
	b.sees(b.flow.box, "Access was denied in the browser.")
	b.press(fyne.KeyReturn) // the focus is on "Try again"
	b.until("it is tried again", func() bool { return b.pages() == 2 })
}

func TestFailureThatConcernsAFieldLeadsBackToIt(t *testing.T) {
	b := toFlow(t, nil)
	b.agent.ended <- &client.Problem{Code: "connect_failed", Field: "client_secret", Detail: "GitLab does not know this client secret."}
	b.until("the form is open", func() bool { return b.view == viewForm && b.form.fields[fieldSecret].error.Visible() })
	if b.form.fields[fieldID].Text != "id" || !b.form.fields[fieldName].Disabled() {
		t.Fatal("the form does not show what was saved")
	}
}

func TestRefusedPasteLeavesTheFlowPending(t *testing.T) {
	b := toFlow(t, nil)
	b.agent.fails("Paste", &client.Problem{Code: "bad_request", Detail: "That is not the address this sign-in waits for."})
	paste := func() (at *entry) {
		walk(b.flow.box, func(o fyne.CanvasObject) {
			if e, ok := o.(*entry); ok {
				at = e
			}
		})
		return at
	}
	if paste() != nil {
		t.Error("there is a field for an address that nobody needs yet")
	}
	b.tap(b.find(b.flow.box, "Did the browser not come back?"))
	at := paste()
	if b.focused() != fyne.Focusable(at) {
		t.Error("the field does not have the focus")
	}
	at.SetText(" http://127.0.0.1:4/callback?code=x \n")
	b.tap(b.find(b.flow.box, "Continue"))
	b.until("it was pasted whole", b.agent.has("Paste gitlab http://127.0.0.1:4/callback?code=x"))
	b.until("the sentence stands at the field", func() bool {
		return slices.Contains(texts(b.flow.box), "That is not the address this sign-in waits for.")
	})
	if !b.flow.pending {
		t.Fatal("the flow is over")
	}
}

func TestDeviceCodeIsShownLargeAndCanBeCopied(t *testing.T) {
	b := toForm(t, func(e *api.Provider) { e.Device = "https://gitlab.com/device" })
	b.agent.flow = api.Attempt{URL: "https://gitlab.com/device", UserCode: "WDJB-MJHT", Mode: "device", ExpiresAt: noon.Add(15*time.Minute + time.Second)}
	fill(b, "id", "s3cret")
	b.tap(b.find(b.form.box, "Connect with a code"))
	b.until("the code is shown", func() bool { return slices.Contains(texts(b.flow.box), "WDJB-MJHT") })
	b.sees(b.flow.box, "Good for another 15 min")
	b.tap(b.find(b.flow.box, "Copy code"))
	if b.app.Clipboard().Content() != "WDJB-MJHT" {
		t.Fatal("the code is not copied")
	}
	b.until("it waits as a device", b.agent.has("Wait gitlab device"))
}

func TestAnotherAccountIsOnlyTakenWhenTheUserSaysSo(t *testing.T) {
	b := toFlow(t, nil)
	b.agent.ended <- &client.Problem{Code: "other_account", Detail: "You signed in as bob, but gitlab was connected as ada."}
	b.until("it asks", func() bool { return !b.flow.pending })
	if b.agent.has("Accept gitlab")() {
		t.Fatal("the other account was taken unasked")
	}
	b.tap(b.find(b.flow.box, "Use the new account"))
	b.until("it is taken", b.agent.has("Accept gitlab"))
	b.until("it is connected", func() bool { return slices.Contains(texts(b.flow.box), "Signed in as bob.") })
}

func TestASignInPageOnAnotherHostIsOnlyOpenedWhenTheUserSaysSo(t *testing.T) {
	b := toForm(t, nil)
	b.agent.otherHost = "honest.example"
	fill(b, "id", "s3cret")
	b.focus(b.form.fields[fieldSecret].entry)
	b.press(fyne.KeyReturn)
	b.until("it asks", func() bool { return slices.Contains(texts(b.flow.box), otherHostSays("honest.example")) })
	if b.pages() != 0 {
		t.Fatal("the page was opened unasked")
	}
	b.tap(b.find(b.flow.box, "Go on"))
	b.until("the browser is open", func() bool { return b.pages() == 1 })
}

func TestEditKeepsWhatTheFormDoesNotShow(t *testing.T) {
	b := live(t, connected("work"))
	b.agent.config.Provider, b.agent.config.ClientID = "gitlab", "old-id"
	b.agent.config.Hosts, b.agent.config.Scopes = []string{"git.example.org"}, []string{"read_user"}
	b.editConnection("work")
	b.until("the form is open", func() bool { return b.view == viewForm })
	b.form.fields[fieldID].SetText("new-id")
	b.tap(b.form.submits[0])
	b.until("it is saved", func() bool { return b.view == viewConnections })
	b.agent.mu.Lock()
	defer b.agent.mu.Unlock()
	if c := b.agent.config; c.ClientID != "new-id" || !slices.Equal(c.Hosts, []string{"git.example.org"}) || !slices.Equal(c.Scopes, []string{"read_user"}) {
		t.Fatalf("saved %+v", c)
	}
	if slices.ContainsFunc(b.agent.calls, func(c string) bool { return strings.HasPrefix(c, "SetSecret") }) {
		t.Fatal("an untouched secret was sent")
	}
}

func TestAgentThatRestartsInTheMiddleLosesNothingTyped(t *testing.T) {
	b := toForm(t, nil)
	fill(b, "id", "s3cret")
	b.agent.goAway()
	b.until("the banner is shown", b.banner.object.Visible)
	b.agent.come()
	b.until("the agent is back", func() bool { b.pass(time.Second); return b.present })
	if b.view != viewForm || b.form.fields[fieldSecret].Text != "s3cret" {
		t.Fatal("the form is gone")
	}
}

func TestFormAsksOnlyForVariablesThatAreUsed(t *testing.T) {
	b := toForm(t, func(e *api.Provider) {
		e.Vars["issuer"] = catalog.Var{Label: "the issuer URL", Pattern: "url"}
	})
	if got := strings.Join(b.form.order, " "); got != "vars.host name client_id client_secret api.base hosts" {
		t.Fatalf("asks for %s", got)
	}
	fill(b, "id", "s3cret")
	b.tap(b.form.submits[0])
	b.until("it is saved", b.agent.has("Put gitlab"))
}

func TestEditDoesNotDemandVariablesThatAnOverrideMadeUnneeded(t *testing.T) {
	text := func(name string) any { return "https://git.example.org/" + name }
	for name, c := range map[string]struct {
		override map[string]any
		demanded bool
	}{
		"none overridden": {nil, true},
		"some overridden": {map[string]any{"authorize": text("a"), "token": text("t")}, true},
		"all overridden":  {map[string]any{"authorize": text("a"), "token": text("t"), "revoke": map[string]any{"url": text("r")}}, false},
		"all but another": {map[string]any{"authorize": text("a"), "token": text("{host}"), "revoke": map[string]any{"url": text("r")}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := live(t, connected("work"))
			b.agent.entry.Vars["host"] = catalog.Var{Label: "GitLab host", Pattern: "hostname"}
			b.agent.config = catalog.Connection{Provider: "gitlab", ClientID: "id", Override: c.override, Vars: map[string]string{"kept": "x"}}
			b.editConnection("work")
			b.until("the form is open", func() bool { return b.view == viewForm })
			b.tap(b.form.submits[0])
			at, shown := b.form.fields[fieldVar+"host"]
			if shown != c.demanded || shown && (!at.error.Visible() || at.error.Text != "This is needed.") {
				t.Fatalf("the variable is shown: %v; want %v, and what is missing said", shown, c.demanded)
			}
			if c.demanded {
				if b.agent.has("Put work")() {
					t.Error("it was saved all the same")
				}
				return
			}
			b.until("it is saved", b.agent.has("Put work"))
			b.agent.mu.Lock()
			defer b.agent.mu.Unlock()
			if got := b.agent.config; !reflect.DeepEqual(got.Override, c.override) || !reflect.DeepEqual(got.Vars, map[string]string{"kept": "x"}) {
				t.Errorf("saved %+v", got)
			}
		})
	}
}

func TestRefusedClientLeadsToItsSettings(t *testing.T) {
	for name, c := range map[string]struct {
		problem client.Problem
		leads   string
	}{
		"a client that is refused": {client.Problem{Code: "connect_failed", Field: "client_id", Detail: "GitLab does not know this client."}, "Edit settings"},
		"a browser that said no":   {client.Problem{Code: "connect_failed", Detail: "Access was denied in the browser."}, "Try again"},
	} {
		t.Run(name, func(t *testing.T) {
			b := live(t, connected("work"))
			b.agent.fails("Connection", client.ErrNoAgent) // the form cannot open by itself
			b.flow.name, b.flow.entry = "work", gitlab()
			b.show(viewFlow)
			b.flow.failed(&c.problem)
			at := b.find(b.flow.box, c.leads)
			if at.Importance != widget.HighImportance || b.win.Canvas().Focused() != fyne.Focusable(at) {
				t.Errorf("%q does not lead on", c.leads)
			}
			for _, other := range []string{"Edit settings", "Try again", "Close"} {
				if other != c.leads && b.find(b.flow.box, other).Importance == widget.HighImportance {
					t.Errorf("%q stands out too", other)
				}
			}
		})
	}
}

// TestRefusedRegistrationIsNotOfferedAgain: a provider that did not register Authtray
// needs a client ID, so the form no longer says that it may stay empty.
func TestRefusedRegistrationIsNotOfferedAgain(t *testing.T) {
	all, _ := catalog.LoadCatalogue("")
	entries := all.List()
	mcp := entries[slices.IndexFunc(entries, func(e catalog.Entry) bool { return e.ID == "mcp" })]
	b := live(t, connected("docs"))
	b.form.begin(api.Provider{Entry: mcp})
	const empty = "Leave it empty: Authtray registers itself."
	b.form.showMore()
	b.sees(b.form.box, empty)
	b.form.blame(&client.Problem{Code: "connect_failed", Field: "client_id", Detail: "The provider does not register clients by itself."})
	b.form.fields[fieldID].SetText("x")
	if slices.Contains(texts(b.form.box), empty) {
		t.Error("the form says again what was refused")
	}
}

// TestFormIsReadFromTheTop: the first field to fill may stand far below the steps that
// lead to it, which are what a person reads first.
func TestFormIsReadFromTheTop(t *testing.T) {
	all, _ := catalog.LoadCatalogue("")
	b := live(t)
	b.win.Resize(fyne.NewSize(1000, 480))
	for _, e := range all.List() {
		b.form.begin(api.Provider{Entry: e, RedirectURI: e.RedirectURI()})
		page := b.scrolls[viewForm]
		if page.Offset.Y != 0 {
			t.Errorf("%s begins at %v", e.ID, page.Offset.Y)
		}
		if at, ok := b.win.Canvas().Focused().(*entry); ok {
			test.Type(at, "x")
			top := b.app.Driver().AbsolutePositionForObject(at).Y - b.app.Driver().AbsolutePositionForObject(page).Y
			if top < 0 || top+at.Size().Height > page.Size().Height {
				t.Errorf("%s: what is typed is out of sight, at %v", e.ID, top)
			}
		}
	}
}

// TestFieldThatIsWrongIsBroughtIntoSight: the toolkit knows where a field of a form is
// once it has drawn the form, so one that is opened for a field scrolls to it then.
func TestFieldThatIsWrongIsBroughtIntoSight(t *testing.T) {
	b := live(t, connected("work"))
	b.win.Resize(fyne.NewSize(1000, 480))
	b.editConnection("work")
	b.until("the form is open", func() bool { return b.view == viewForm })
	b.form.blame(&client.Problem{Code: "connect_failed", Field: "client_secret", Detail: "GitLab wants a secret."})
	page := b.scrolls[viewForm]
	page.ScrollToTop() // as if it was not known where the field is
	b.pass(drawnBy)
	at := b.form.fields[fieldSecret]
	top := b.app.Driver().AbsolutePositionForObject(at.entry).Y - b.app.Driver().AbsolutePositionForObject(page).Y
	if top < 0 || top+at.Size().Height > page.Size().Height {
		t.Errorf("the field is at %v of %v", top, page.Size().Height)
	}
}
