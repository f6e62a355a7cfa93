package window

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// chip is a word on a small ground of its own; with remove it can be taken away
// by a click, or with Delete when it has the focus.
type chip struct {
	widget.BaseWidget
	text   string
	remove func()
	u      *ui
	ground *ground
	focus  bool
}

func (u *ui) chip(text string, remove func()) *chip {
	c := &chip{text: text, remove: remove, u: u, ground: newGround(theme.ColorNameButton, theme.ColorNameButton)}
	c.ground.radius = 13
	c.ExtendBaseWidget(c)
	return c
}

func (c *chip) CreateRenderer() fyne.WidgetRenderer {
	text := newLine(plain(c.text)).fixed()
	text.size = theme.SizeNameCaptionText
	words := sideBySide(4, space(6, 26), middled(text))
	if c.remove != nil {
		icon := canvas.NewImageFromResource(inColor(theme.CancelIcon(), colorQuiet))
		icon.SetMinSize(fyne.NewSquareSize(14))
		words.Add(middled(icon))
	}
	words.Add(space(4, 26))
	return widget.NewSimpleRenderer(container.NewStack(c.ground, words))
}

func (c *chip) Tapped(*fyne.PointEvent) { c.drop() }

func (c *chip) drop() {
	if c.remove != nil {
		c.remove()
	}
}

func (c *chip) FocusGained() {
	c.lit(true)
	c.u.reveal(c)
}

func (c *chip) FocusLost()     { c.lit(false) }
func (c *chip) TypedRune(rune) {}

func (c *chip) lit(on bool) {
	c.focus = on
	edge := theme.ColorNameButton
	if on {
		edge = theme.ColorNamePrimary
	}
	c.ground.colored(theme.ColorNameButton, edge)
}

func (c *chip) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyDelete, fyne.KeyBackspace, fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		c.drop()
	case fyne.KeyEscape, fyne.KeyF1:
		c.u.typed(e)
	}
}

// label is a chip that can only be read.
type label struct {
	widget.BaseWidget
	text string
}

func newTag(text string) *label {
	l := &label{text: text}
	l.ExtendBaseWidget(l)
	return l
}

func (l *label) CreateRenderer() fyne.WidgetRenderer {
	g := newGround(theme.ColorNameButton, theme.ColorNameButton)
	g.radius = 12
	text := newLine(plain(l.text))
	text.size = theme.SizeNameCaptionText
	return widget.NewSimpleRenderer(container.NewStack(g, container.New(inset{10, 4}, text)))
}

// inset gives its one object the whole room less a margin, and asks for the
// room that the whole text needs.
type inset struct{ x, y float32 }

func (i inset) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(i.x, i.y))
		o.Resize(size.SubtractWidthHeight(2*i.x, 2*i.y))
	}
}

func (i inset) MinSize(objects []fyne.CanvasObject) (s fyne.Size) {
	for _, o := range objects {
		s = s.Max(o.MinSize())
		if l, ok := o.(*line); ok {
			s.Width = max(s.Width, l.full())
		}
	}
	return s.AddWidthHeight(2*i.x, 2*i.y)
}

// scopes is an editor for a set of words: chips, and an entry that adds some.
type scopes struct {
	box   *fyne.Container
	entry *entry
	list  []string
	u     *ui

	changed func() // nil: nobody asks
}

func (u *ui) scopes(initial []string) *scopes {
	s := &scopes{u: u, entry: u.entry(tr("Add a scope, then press Enter"))}
	s.box = flowed()
	s.entry.OnSubmitted = func(text string) { s.add(text); s.entry.SetText("") }
	s.set(initial)
	return s
}

func (s *scopes) set(list []string) {
	s.list = nil
	s.add(strings.Join(list, " "))
}

// add takes scopes as they are pasted: separated by spaces, commas or lines.
func (s *scopes) add(text string) {
	for _, scope := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' || r == '\r' }) {
		if !slices.Contains(s.list, scope) {
			s.list = append(s.list, scope)
		}
	}
	s.show()
}

func (s *scopes) remove(scope string) {
	s.list = slices.DeleteFunc(s.list, func(have string) bool { return have == scope })
	s.show()
	s.u.focus(s.entry)
}

func (s *scopes) show() {
	s.box.RemoveAll()
	for _, scope := range s.list {
		s.box.Add(s.u.chip(scope, func() { s.remove(scope) }))
	}
	if len(s.list) == 0 {
		s.box.Add(caption(tr("No scopes: the provider decides.")).fixed())
	}
	s.box.Refresh()
	if s.changed != nil {
		s.changed()
	}
}

// value is what stands here, also what was typed and not yet entered.
func (s *scopes) value() []string {
	if strings.TrimSpace(s.entry.Text) != "" {
		s.add(s.entry.Text)
		s.entry.SetText("")
	}
	return slices.Clone(s.list)
}
