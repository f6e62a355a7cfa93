package window

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
)

// guide is the card that says what to do at the provider first. What stands in the
// fields is filled in while it is typed.
type guide struct {
	form     *form
	object   fyne.CanvasObject // nil: there is nothing to do there
	open     *button
	lacks    *widget.Label // what the page's address still needs, or why it did not open
	steps    *fyne.Container
	redirect *line
	shown    string // what the steps were drawn from
}

func (f *form) newGuide(n needs, english bool) *guide {
	g := &guide{form: f, lacks: small(""), steps: spaced(8), redirect: newLine("")}
	if !n.register && len(f.entry.Steps) == 0 {
		return g
	}
	g.redirect.style.Monospace = true
	box := spaced(10)
	if cost := foreign(f.entry.Cost); cost != "" {
		box.Add(inLine(paragraph(tr("Needed: {{.Cost}}", "Cost", cost))))
	}
	if english {
		box.Add(inLine(small(tr("These steps are in English only:"))))
	}
	if len(f.entry.Steps) == 0 {
		box.Add(inLine(paragraph(tr("Register an app of your own at {{.Provider}}. This is done once.", "Provider", plain(f.entry.Name)))))
	}
	box.Add(g.steps)
	if f.entry.Links.Register != "" {
		g.open = f.u.button(tr("Open the page"), theme.NavigateNextIcon(), g.browse)
		g.open.IconPlacement = widget.ButtonIconTrailingText
		box.Add(container.NewHBox(g.open))
		box.Add(inLine(g.lacks))
		g.lacks.Hide()
	}
	if n.redirect {
		copied := f.u.button(tr("Copy"), theme.ContentCopyIcon(), func() {
			f.u.clipboard.SetContent(g.redirect.text)
			f.u.say(tr("Redirect URI copied."))
		})
		box.Add(spaced(4, newLine(tr("Redirect URI to enter there")), container.NewBorder(nil, nil, nil, copied, middled(g.redirect))))
	}
	title := tr("1. Register an app")
	if n.alone {
		title = tr("Where the provider does not let Authtray register itself")
	}
	g.object = card(title, box)
	return g
}

// fill brings the card up to date with the fields.
func (g *guide) fill() {
	f := g.form
	if g.object == nil || f.fields[fieldName] == nil {
		return
	}
	filled := f.entry.Guide(f.connection())
	g.redirect.set(plain(cmp.Or(filled.RedirectURI, f.entry.RedirectURI)))
	if g.open != nil {
		_, lacking := fillLink(f.entry.Links.Register, f.entry.Entry, f.connection())
		g.open.Enable()
		if lacking != "" {
			g.open.Disable()
			lacking = tr("Enter this first: {{.Field}}", "Field", lacking)
		}
		g.say(lacking)
	}
	if shown := strings.Join(filled.Steps, "\n"); shown != g.shown {
		g.shown = shown
		g.steps.RemoveAll()
		for i, step := range filled.Steps {
			g.steps.Add(f.u.step(i+1, readable(step)))
		}
		g.steps.Refresh()
	}
}

// say says below the button why the page is not opened; "" for nothing.
func (g *guide) say(why string) {
	if why == g.lacks.Text {
		return
	}
	g.lacks.SetText(why)
	g.lacks.Hidden = why == ""
	g.form.u.arrange(viewForm)
}

// browse opens the page where an app is registered, and says next to the button
// where that fails.
func (g *guide) browse() {
	f := g.form
	page, _ := fillLink(f.entry.Links.Register, f.entry.Entry, f.connection())
	tell(f.u, func(context.Context) error { return f.u.out.browse(page) }, func(err error) {
		if err != nil {
			g.say(explain(err))
		}
	})
}

// labelOf is what the field of a template variable is called.
func labelOf(v catalog.Var, name string) string {
	if v.Label == "" {
		return plain(name)
	}
	return foreign(v.Label)
}

// fillLink fills in a page's address for a connection. Where it needs something
// that is not known yet, lacking says what, in the words of its field.
func fillLink(link string, e catalog.Entry, c catalog.Connection) (page, lacking string) {
	page = catalog.Placeholder().ReplaceAllStringFunc(link, func(name string) string {
		name = strings.Trim(name, "{}")
		v, isVar := e.Vars[name]
		value := cmp.Or(c.Vars[name], v.Default)
		switch {
		case name == "client_id" && c.ClientID != "":
			return url.PathEscape(c.ClientID)
		case name == "client_id":
			lacking = tr("Client ID")
		case !isVar || value == "" || !v.Takes(value):
			lacking = text.Capitalize(labelOf(v, name))
		}
		return value
	})
	if lacking != "" {
		return "", lacking
	}
	return page, ""
}

// step is one thing to do, with its number. Addresses in it can be clicked.
func (u *ui) step(n int, words string) fyne.CanvasObject {
	number := newLine(fmt.Sprintf("%d.", n)).fixed()
	number.color = colorQuiet
	rich := widget.NewRichText(u.linked(words)...)
	rich.Wrapping = fyne.TextWrapWord
	return container.NewBorder(nil, nil, container.NewVBox(number), nil, container.New(inset{6, 0}, inLine(rich)))
}

var address = text.Pattern(`https://[^\s"“”<>]*[^\s"“”<>.,;:)…*]`)

// linked splits words at the addresses in them.
func (u *ui) linked(words string) []widget.RichTextSegment {
	var out []widget.RichTextSegment
	plainly := func(s string) {
		if s != "" {
			out = append(out, &widget.TextSegment{Text: s, Style: widget.RichTextStyleInline})
		}
	}
	from := 0
	for _, at := range address().FindAllStringIndex(words, -1) {
		page := words[at[0]:at[1]]
		to, err := url.Parse(page)
		if err != nil || to.Host == "" || to.Hostname() == "localhost" || strings.ToUpper(to.Hostname()) == to.Hostname() {
			continue // to be read, not to be opened
		}
		plainly(words[from:at[0]])
		out = append(out, &widget.HyperlinkSegment{Text: page, URL: to, OnTapped: func() { u.openURL(page) }})
		from = at[1]
	}
	plainly(words[from:])
	return out
}

// inWindow says in the window's words what the catalogue says in the command line's.
var inWindow = []struct {
	command func() *regexp.Regexp
	words   string
}{
	{text.Pattern(`authtray secret set [A-Za-z0-9._-]*[A-Za-z0-9_-]`), "enter it below"},
	{text.Pattern(`: authtray add [^.]* --mcp \S*[^\s.]`), ""},
	{text.Pattern(`authtray connect [A-Za-z0-9._-]*[A-Za-z0-9_-]( --paste)?`), "press Connect"},
	{text.Pattern(`: --set vars\.[a-z_]+=[^\s.;]\S*[^\s.;]`), " above"},
	{text.Pattern(`with --device`), "with a code"},
	{text.Pattern(`--device`), "“Connect with a code”"},
	{text.Pattern(`as in --scope `), "such as "},
	{text.Pattern(`with --scope`), "under Scopes"},
	{text.Pattern(`--scope `), "the scope "},
	{text.Pattern(`with --issuer`), "above"},
	{text.Pattern(`: --issuer (https://)`), " above: $1"},
	{text.Pattern(`Without --client-id`), "Without a client ID"},
	{text.Pattern(`with --client-id`), "below"},
	{text.Pattern(`→`), "›"}, // the toolkit draws a second, broken glyph behind an arrow
}

// readable is text of the catalogue's at full length, in the window's words.
func readable(s string) string {
	var lines []string
	for l := range strings.Lines(s) {
		for _, w := range inWindow {
			l = w.command().ReplaceAllString(l, w.words)
		}
		if l = text.Line(l, 2000); l != "" {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n")
}
