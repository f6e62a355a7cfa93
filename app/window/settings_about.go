package window

import (
	_ "embed"
	"runtime/debug"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/assets"
)

var appIcon = fyne.NewStaticResource("authtray.png", assets.AppIcon)

// licences.txt has "module licence" a line for every module that can be in a
// binary, and "+work licence" for what comes inside one of them.
//
//go:embed licences.txt
var licences string

// about is the card at the end of the settings.
func (s *settings) about() fyne.CanvasObject {
	icon := canvas.NewImageFromResource(appIcon)
	icon.SetMinSize(fyne.NewSquareSize(48))
	name := newLine("Authtray " + s.u.version).bold()
	text := inLine(small(tr("Keeps your OAuth connections alive and hands the current token to your tools.")))
	link := func(text, url string) fyne.CanvasObject {
		return s.u.button(text, nil, func() { s.u.openURL(url) })
	}
	head := container.NewBorder(nil, nil, container.NewCenter(icon), nil, container.New(inset{12, 0}, middled(spaced(4, name, text))))
	return card(tr("About"), head, flowed(link(tr("Source"), home), link(tr("Changes"), home+"/blob/main/CHANGELOG.md"),
		link(tr("Report a fault"), home+"/issues"), s.u.button(tr("Licences"), nil, s.u.showLicences)))
}

// home is where Authtray is made.
const home = "https://github.com/authtray/authtray"

// licensed is one line of the list of licences.
type licensed struct{ module, version, licence string }

// dependencies are the modules in this binary with their licences.
func dependencies() []licensed {
	known := map[string]string{}
	var out []licensed
	for l := range strings.Lines(licences) {
		module, licence, _ := strings.Cut(strings.TrimSpace(l), " ")
		if work, inside := strings.CutPrefix(module, "+"); inside {
			out = append(out, licensed{strings.ReplaceAll(work, "-", " "), "", licence})
		}
		known[module] = licence
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			out = append(out, licensed{m.Path, m.Version, known[m.Path]})
		}
	}
	slices.SortFunc(out, func(a, b licensed) int { return strings.Compare(strings.ToLower(a.module), strings.ToLower(b.module)) })
	return out
}

func (u *ui) showLicences() {
	all := dependencies()
	list := u.rows(func() int { return len(all) },
		func() fyne.CanvasObject { return newLicenceRow() },
		func(i int, o fyne.CanvasObject) { o.(*licenceRow).show(all[i]) })
	closer := u.button(tr("Close"), nil, u.dismiss).primary()
	list.open = func(i int) { u.showLicence(all[i]) }
	body := container.New(inset{theme.InnerPadding(), 0}, spaced(6, caption(tr("Authtray stands on the work of these people. A click shows the text.")), container.NewStack(space(560, 320), list)))
	u.modal(tr("Licences"), body, closer, closer)
}

// licence_texts.txt has the texts of the licences, each below a line of "=== " and the
// modules that it is the text of. assets/packaging/copyright makes it.
//
//go:embed licence_texts.txt
var licenceTexts string

// licenceText is the text of a module's licence; "" where there is none.
func licenceText(module string) string {
	for part := range strings.SplitSeq("\n"+licenceTexts, "\n=== ") {
		modules, text, _ := strings.Cut(part, "\n")
		if slices.Contains(strings.Fields(modules), module) {
			return text
		}
	}
	return ""
}

// showLicence shows a licence's text, and leads back to the list.
func (u *ui) showLicence(l licensed) {
	text := licenceText(l.module)
	if text == "" {
		text = tr("Its text comes with the work itself: {{.Licence}}.", "Licence", l.licence)
	}
	words := widget.NewLabel(text)
	words.SizeName, words.Wrapping = theme.SizeNameCaptionText, fyne.TextWrapWord
	back := u.button(tr("Back"), nil, u.showLicences).primary()
	u.modal(l.module, container.NewStack(space(560, 360), container.NewVScroll(words)), back, back)
}

type licenceRow struct {
	widget.BaseWidget
	module  *line
	licence *line
}

func newLicenceRow() *licenceRow {
	r := &licenceRow{module: newLine(""), licence: caption("").fixed()}
	r.ExtendBaseWidget(r)
	return r
}

func (r *licenceRow) show(l licensed) {
	r.module.set(l.module + " " + l.version)
	r.licence.set(l.licence)
	r.Refresh()
}

func (r *licenceRow) CreateRenderer() fyne.WidgetRenderer {
	room := container.NewBorder(nil, nil, nil, container.New(inset{8, 0}, r.licence), r.module) // the scroll bar lies over it
	return widget.NewSimpleRenderer(padded(4, room))
}
