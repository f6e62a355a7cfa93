package window

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/tokens"
)

// details is the selected connection: how it stands, what can be done, what
// happened to it.
type details struct {
	u     *ui
	name  string
	known api.Connection // with events and configuration; zero until answered

	scroll                                          *container.Scroll
	mark                                            *mark
	title, whose, state, when                       *line
	shape                                           *canvas.Image
	alert                                           *fyne.Container
	why                                             *widget.Label
	offer                                           *button
	copy, refresh, manage, back                     *button
	acts, facts, tags, history, scopeCard, factCard *fyne.Container
	server                                          *serverCard
	useCard                                         *useCard
	spent                                           bool // the token is of no more use
}

func (u *ui) newDetails() *details {
	d := &details{u: u, mark: newMark(52), title: newLine("").bold().sized(theme.SizeNameHeadingText), whose: newLine(""),
		state: newLine(""), when: caption(""), shape: canvas.NewImageFromResource(nil), why: paragraph("")}
	d.whose.color = colorQuiet
	d.shape.SetMinSize(fyne.NewSquareSize(18))
	d.buttons()
	d.alert = container.NewStack(newGround(colorAlertCard, colorAlertCard), padded(16, spaced(12, inLine(d.why), container.NewHBox(d.offer))))
	d.acts = flowed(d.copy, d.refresh, d.manage)
	d.facts, d.tags, d.history = container.New(&pairs{}), flowed(), spaced(0)
	d.factCard = card(tr("Token"), d.facts)
	d.factCard.Hide()
	d.useCard = d.newUseCard()
	d.scopeCard = card(tr("Scopes"), d.tags)
	d.server = newServerCard()
	d.scroll = page(760, d.head(), d.alert, d.acts,
		d.factCard, d.useCard.Container, d.server.Container, d.scopeCard, card(tr("History"), d.history))
	d.scroll.Content.Hide()
	return d
}

func (d *details) head() fyne.CanvasObject {
	status := container.NewBorder(nil, nil, container.NewCenter(d.shape), nil, container.New(inset{8, 0}, d.state))
	return container.NewBorder(nil, nil, container.NewHBox(container.NewCenter(d.back), container.NewCenter(d.mark)), nil, container.New(inset{14, 0}, spaced(3, d.title, d.whose, status)))
}

func (d *details) buttons() {
	u := d.u
	d.offer = u.button("", nil, d.enter).primary()
	d.back = u.button("", theme.NavigateBackIcon(), u.back).low()
	d.back.Hide()
	d.copy = u.button(tr("Copy token"), theme.ContentCopyIcon(), func() { u.copyToken(d.name) })
	d.refresh = u.button(tr("Refresh now"), theme.ViewRefreshIcon(), func() { u.refreshToken(d.name) })
	d.manage = u.button(tr("Manage"), theme.MenuDropDownIcon(), d.openMenu)
	d.manage.IconPlacement = widget.ButtonIconTrailingText
}

// showConnection shows another connection.
func (d *details) showConnection(name string) {
	if d.name = name; name == "" {
		d.scroll.Content.Hide() // and keeps its half of the window
		return
	}
	d.known = api.Connection{Status: d.u.model.all[name]}
	d.scroll.ScrollToTop()
	d.show()
	d.load()
}

// load asks for what the event stream does not tell.
func (d *details) load() {
	name := d.name
	ask(d.u, bound(name, d.u.agent.Connection), func(got api.Connection, err error) {
		if err != nil || d.name != name {
			return // the banner, or the event that removes it, says what is wrong
		}
		d.known = got
		d.show()
		d.u.withEntry(got.Provider, func(api.Provider) { d.show() })
	})
}

func (d *details) heard(e remote.Event) {
	if e.Status.Name == d.name && !e.Removed {
		d.load()
	}
}

// status is how the connection stands by what was heard last.
func (d *details) status() tokens.Status { return d.u.model.all[d.name] }

// enter does what leads on.
func (d *details) enter() { d.u.offer(d.status()) }

func (d *details) show() {
	s, ok := d.u.model.all[d.name]
	if !ok {
		d.scroll.Content.Hide() // and keeps its half of the window
		return
	}
	d.scroll.Content.Show()
	d.mark.of(s.Provider, s.ProviderName)
	d.title.set(plain(s.Name))
	d.whose.set(whose(s))
	d.showState(s)
	d.showActions(s)
	d.showUses(s)
	d.showScopes(s)
	d.server.show(d)
	d.history.Objects = []fyne.CanvasObject{timeline(s.ProviderName, d.known.Events, d.u.out.now())}
	d.history.Refresh()
	d.tick()
}

func (d *details) showState(s tokens.Status) {
	l := lookAt(s, d.u.out.now())
	d.state.set(wordAt(s, d.u.out.now()))
	d.state.colored(l.color)
	d.shape.Resource = inColor(l.shape, l.color)
	d.shape.Refresh()
	why := ""
	if s.State != tokens.Connected || s.Detail != "" {
		why = statusSentence(s)
	}
	if q := d.known.Question; q != "" && d.known.Name == s.Name {
		why = strings.TrimSpace(why + " " + foreign(q) + " " + tr("Answer in the notification, or in the menu of the Authtray icon."))
	}
	d.alert.Hidden = why == ""
	d.why.SetText(why)
	ground := d.alert.Objects[0].(*ground)
	ground.colored(colorCard, colorCardEdge)
	if l.needs {
		ground.colored(colorAlertCard, colorAlertCard)
	}
	button := offer(s)
	if d.offer.Hidden = button == ""; button != "" {
		d.offer.SetText(button)
	}
	d.alert.Refresh()
}

// showUses says how tools get the token, where there is one.
func (d *details) showUses(s tokens.Status) {
	e, known := d.u.entries[s.Provider]
	if !known || !actionsOf(s).copy || spent(s, d.u.out.now()) {
		d.useCard.Hide()
		return
	}
	d.useCard.show(s.Name, e)
}

// actions are the buttons that make sense in a state.
type actions struct{ copy, refresh, connect, end bool }

func actionsOf(s tokens.Status) actions {
	switch s.State {
	case tokens.Connected:
		return actions{copy: true, refresh: s.Refreshable, connect: true, end: true}
	case tokens.Retrying:
		return actions{copy: true, connect: true, end: true}
	case tokens.Connecting:
		return actions{copy: s.ExpiresAt != nil || s.NeverExpires}
	case tokens.Misconfigured: // its token is served for as long as it lasts
		return actions{copy: s.ExpiresAt != nil || s.NeverExpires, connect: true, end: true}
	case tokens.KeychainLocked:
		return actions{end: true}
	case tokens.ReconnectRequired:
		return actions{refresh: s.Parked()}
	}
	return actions{}
}

func (d *details) showActions(s tokens.Status) {
	a := actionsOf(s)
	a.copy = a.copy && !spent(s, d.u.out.now())
	d.copy.Hidden, d.refresh.Hidden = !a.copy, !a.refresh
	d.refresh.SetText(tr("Refresh now"))
	if s.Parked() {
		d.refresh.SetText(tr("Try again"))
	}
	d.scroll.Content.Refresh()
}

func (d *details) showScopes(s tokens.Status) {
	lacking := api.Connection{Status: s, Asked: d.known.Asked}.NotGranted()
	if d.known.Name != s.Name || len(s.Scopes) == 0 {
		lacking = nil
	}
	d.scopeCard.Hidden = len(s.Scopes) == 0
	d.tags.RemoveAll()
	for _, scope := range s.Scopes {
		d.tags.Add(newTag(scope))
	}
	for _, scope := range lacking {
		d.tags.Add(newTag(tr("{{.Scope}}: asked for, not granted", "Scope", scope)))
	}
}

// appsPage is where a user sees which apps have access; "" where that is not known.
func (d *details) appsPage() string {
	e, c := d.u.entries[d.known.Provider].Entry, d.known.Config
	if c == nil {
		return ""
	}
	user, _ := fillLink(e.Links.UserRevoke, e, *c)
	register, _ := fillLink(e.Links.Register, e, *c)
	return cmp.Or(user, register)
}

// tick brings the times up to date; nothing is drawn where none changed.
func (d *details) tick() {
	s, now := d.status(), d.u.out.now()
	if gone := spent(s, now); gone != d.spent {
		d.spent = gone
		d.showState(s)
		d.showActions(s)
		d.showUses(s)
	}
	d.useCard.tick(now)
	want := factsOf(s, now)
	var have []string
	for _, o := range d.facts.Objects {
		have = append(have, o.(*line).text)
	}
	if slices.Equal(want, have) {
		return
	}
	d.factCard.Hidden = len(want) == 0
	d.facts.RemoveAll()
	for i, text := range want {
		l := newLine(text)
		if i%2 == 0 {
			l = l.fixed()
			l.color, l.room = colorQuiet, 14
		}
		d.facts.Add(l)
	}
	d.facts.Refresh()
}

// factsOf are label and value in turn.
func factsOf(s tokens.Status, now time.Time) []string {
	var out []string
	fact := func(label, value string) {
		if value != "" {
			out = append(out, label, value)
		}
	}
	switch {
	case spent(s, now):
		fact(tr("Expired"), clockTime(*s.ExpiresAt, now)+", "+ago(*s.ExpiresAt, now))
	case s.ExpiresAt != nil && !s.ExpiresAt.After(now) && !s.NeverExpires:
		fact(tr("Next refresh"), tr("when asked for"))
	default:
		fact(tr("Expires"), expiryFact(s, now))
	}
	if s.RefreshedAt != nil && (s.Refreshable || s.State != tokens.Connected) { // else there was none
		fact(tr("Last refresh"), ago(*s.RefreshedAt, now))
	}
	if s.RetryAt != nil && s.RetryAt.After(now) && s.State != tokens.Misconfigured { // there it is the user's turn
		fact(tr("Next try"), tr("in {{.Time}}", "Time", span(s.RetryAt.Sub(now))))
	}
	if s.ConsentedAt != nil {
		fact(tr("Connected since"), clockTime(*s.ConsentedAt, now))
	}
	if s.EndsAt != nil {
		fact(tr("Sign in again by"), clockTime(*s.EndsAt, now))
	}
	if s.Unsaved {
		fact(tr("Keychain"), tr("the newest token could not be saved yet"))
	}
	return out
}

func expiryFact(s tokens.Status, now time.Time) string {
	switch {
	case s.NeverExpires:
		return tr("never")
	case s.ExpiresAt == nil:
		return ""
	}
	text := tr("in {{.Time}}", "Time", span(s.ExpiresAt.Sub(now))) + " (" + clockTime(*s.ExpiresAt, now) + ")"
	switch {
	case s.State != tokens.Connected:
	case api.RenewedWhenAsked(s):
		text += ", " + tr("renewed when asked for")
	case s.Refreshable:
		text += ", " + tr("renewed before then")
	default:
		text += ", " + tr("then you have to sign in again")
	}
	return text
}
