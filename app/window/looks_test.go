package window

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"image"
	"image/color"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
)

func keyEvent(name fyne.KeyName) *fyne.KeyEvent { return &fyne.KeyEvent{Name: name} }

func custom(key fyne.KeyName) *desktop.CustomShortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: ctrl}
}

// sources are the package's own files, parsed.
func sources(t *testing.T) map[string]*ast.File { return sourcesIn(t, ".") }

func sourcesIn(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = f
	}
	return out
}

func TestOneFileAloneImportsFynesDriver(t *testing.T) {
	for name, f := range sources(t) {
		for _, i := range f.Imports {
			if i.Path.Value == `"fyne.io/fyne/v2/app"` && name != "main.go" {
				t.Errorf("%s imports it too", name)
			}
		}
	}
}

func TestGermanFitsTheSameWindow(t *testing.T) {
	choosesLanguage(t)
	t.Setenv("LANGUAGE", "")
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	t.Setenv("LANG", "de_DE.UTF-8")
	b := live(t, connected("work"), dead("zeta"))
	if got := b.details.copy.Text; got != "Token kopieren" {
		t.Fatalf("speaks %q", got)
	}
	if got := trn("{{.Count}} days", 1) + trn("{{.Count}} days", 3); got != "1 Tag3 Tagen" {
		t.Fatalf("counts %q", got)
	}
	for v, o := range b.views {
		if w := o.MinSize().Width; w > 900 {
			t.Errorf("view %d wants %v units of width", v, w)
		}
	}
	if w := b.win.Content().MinSize().Width; w > 900 {
		t.Errorf("the window wants %v units of width", w)
	}
}

func TestAbsurdlyLongTextsDoNotWidenTheWindow(t *testing.T) {
	long := strings.Repeat("Donaudampfschifffahrtsgesellschaft", 20)
	s := connected("a")
	s.Name, s.Account, s.ProviderName, s.Scopes = strings.Repeat("n", 64), long, long, []string{long}
	d := dead("b")
	d.Detail = long
	b := live(t, s, d)
	b.list.choose(s.Name)
	if size := b.win.Content().MinSize(); size.Width > 900 || size.Height > 680 {
		t.Fatalf("the window wants %v", size)
	}
}

// grounds are what text and signs stand on, as colours of a variant: also a row that
// is selected or below the pointer.
func grounds(look fyne.Theme, variant fyne.ThemeVariant) map[string]color.Color {
	all := map[string]color.Color{}
	for _, name := range []fyne.ThemeColorName{theme.ColorNameBackground, colorCard, colorAlertCard, colorNotice, theme.ColorNameHeaderBackground,
		theme.ColorNameInputBackground, theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground, theme.ColorNameButton} {
		all[string(name)] = look.Color(name, variant)
	}
	for _, over := range []fyne.ThemeColorName{theme.ColorNameSelection, theme.ColorNameHover} {
		all[string(over)] = blend(look.Color(over, variant), look.Color(theme.ColorNameBackground, variant))
	}
	return all
}

// blend is a colour that lets some of the one below through.
func blend(over, below color.Color) color.Color {
	o, b := color.NRGBAModel.Convert(over).(color.NRGBA), color.NRGBAModel.Convert(below).(color.NRGBA)
	mix := func(x, y uint8) uint8 { return uint8((int(x)*int(o.A) + int(y)*(255-int(o.A))) / 255) }
	return color.NRGBA{mix(o.R, b.R), mix(o.G, b.G), mix(o.B, b.B), 255}
}

// TestTextAndSignsAreReadable: every colour that text has is 4.5:1 or better on all
// that it stands on, and every sign 3:1 (WCAG 2.2, 1.4.3 and 1.4.11).
func TestTextAndSignsAreReadable(t *testing.T) {
	look := ourTheme()
	inks := []fyne.ThemeColorName{theme.ColorNameForeground, colorQuiet, theme.ColorNameError, theme.ColorNameWarning, theme.ColorNameSuccess,
		theme.ColorNameHyperlink, theme.ColorNamePlaceHolder, theme.ColorNamePrimary}
	signs := map[fyne.ThemeColorName]bool{colorQuiet: true, theme.ColorNameForeground: true} // of focus and of activity
	for _, l := range looks {
		signs[l.color] = true
	}
	for _, variant := range []fyne.ThemeVariant{theme.VariantLight, theme.VariantDark} {
		for ground, below := range grounds(look, variant) {
			for _, ink := range inks {
				if c := contrast(look.Color(ink, variant), below); c < 4.5 {
					t.Errorf("variant %d: %s on %s has a contrast of %.2f", variant, ink, ground, c)
				}
			}
			for sign := range signs {
				if c := contrast(look.Color(sign, variant), below); c < 3 {
					t.Errorf("variant %d: a sign of %s on %s has a contrast of %.2f", variant, sign, ground, c)
				}
			}
		}
		for _, ground := range []fyne.ThemeColorName{colorCard, theme.ColorNameBackground, theme.ColorNameInputBackground} {
			if c := contrast(look.Color(theme.ColorNameInputBorder, variant), look.Color(ground, variant)); c < 3 {
				t.Errorf("variant %d: the edge of a field on %s has a contrast of %.2f", variant, ground, c)
			}
		}
		for ink, ground := range map[fyne.ThemeColorName]fyne.ThemeColorName{theme.ColorNameForegroundOnPrimary: theme.ColorNamePrimary, theme.ColorNameForegroundOnError: theme.ColorNameError} {
			if c := contrast(look.Color(ink, variant), look.Color(ground, variant)); c < 4.5 {
				t.Errorf("variant %d: %s on %s has a contrast of %.2f", variant, ink, ground, c)
			}
		}
	}
	for _, disc := range discs {
		if c := contrast(color.White, hex(disc)); c < 4.5 {
			t.Errorf("white on the disc %08x has a contrast of %.2f", disc, c)
		}
	}
}

// contrast is that of WCAG 2.2.
func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	linear := func(v uint32) float64 {
		s := float64(v) / 0xffff
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

func TestLineIsShortenedToItsRoom(t *testing.T) {
	b := newBench(t)
	l := newLine(strings.Repeat("wide ", 40))
	b.win.SetContent(l)
	for _, width := range []float32{0, 10, 80, 200} {
		l.Resize(fyne.NewSize(width, 20))
		drawn := test.WidgetRenderer(l).(*lineRenderer).text
		if drawn.MinSize().Width > max(width, 16) || !strings.HasSuffix(drawn.Text, "…") {
			t.Errorf("at %v it shows %q", width, drawn.Text)
		}
	}
}

func TestDependenciesHaveTheirLicences(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "../..")
	list.Env = append(os.Environ(), "CGO_ENABLED=1") // what is shipped, not what is tested
	out, err := list.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("the go command is not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Fields(string(out))
	if len(modules) < 20 {
		t.Fatalf("only %d modules were found", len(modules))
	}
	for _, module := range modules {
		if !strings.Contains("\n"+licences, "\n"+module+" ") {
			t.Errorf("licences.txt does not know %s", module)
		}
		if len(licenceText(module)) < 500 {
			t.Errorf("licence_texts.txt has no text for %s", module)
		}
	}
}

// The pictures in testdata are small on purpose: what they show is drawn by us.
func TestRowsLookAsTheyShould(t *testing.T) {
	b := newBench(t)
	for name, variant := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		b.drawnAnew()
		test.ApplyTheme(t, fixed{ourTheme(), variant})
		box := container.NewWithoutLayout() // nothing else moves them
		for _, s := range []tokens.Status{dead("work"), connected("mail"), {Name: "old", Provider: "x", ProviderName: "X", State: tokens.Disconnected}} {
			r := b.row()
			r.show(s, noon, false)
			box.Add(r)
		}
		tall := b.row().tall(item{Status: dead("work")}, noon, 340)
		w := b.app.NewWindow("")
		w.SetPadded(false)
		w.SetContent(box)
		w.Resize(fyne.NewSize(340, tall+2*rowHeight))
		var y float32
		for i, h := range []float32{tall, rowHeight, rowHeight} {
			put(box.Objects[i], 0, y, 340, h)
			y += h
		}
		test.AssertImageMatches(t, "rows-"+name+".png", w.Canvas().Capture())
		w.Close()
	}
}

// drawnAnew tells Fyne what time it is. It draws with what it made in the last minute,
// makes the rest anew without its place and size, and looks at the clock only when it
// draws: what a test makes more than a minute after the last picture would be old at
// once.
func (b *bench) drawnAnew() {
	w := b.app.NewWindow("")
	defer w.Close()
	w.Canvas().Capture()
}

// fixed is a theme that does not follow the desktop.
type fixed struct {
	fyne.Theme
	variant fyne.ThemeVariant
}

func (f fixed) Color(n fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return f.Theme.Color(n, f.variant)
}

func TestTimelineLooksAsItShould(t *testing.T) {
	b := newBench(t)
	b.drawnAnew()
	test.ApplyTheme(t, fixed{ourTheme(), theme.VariantLight})
	events := []tokens.Event{{Time: noon.Add(-4 * 3600e9), What: "connected"}, {Time: noon.Add(-3 * 3600e9), What: "refreshed"}, {Time: noon.Add(-2 * 3600e9), What: "refreshed"},
		{Time: noon.Add(-3600e9), What: "retrying", Detail: "GitLab cannot be reached."}, {Time: noon, What: "reconnect_required", Detail: "GitLab says access was revoked."}}
	w := b.app.NewWindow("")
	w.SetContent(card("History", timeline("GitLab", events, noon)))
	w.Resize(fyne.NewSize(420, 240))
	test.AssertImageMatches(t, "timeline.png", w.Canvas().Capture())
}

// TestFocusCanBeSeen: what has the focus is drawn with an edge that stands out from
// its ground and from how it was before, and loses it with the focus.
func TestFocusCanBeSeen(t *testing.T) {
	for dark, variant := range []fyne.ThemeVariant{theme.VariantLight, theme.VariantDark} {
		b := live(t, connected("a"), connected("b"))
		b.drawnAnew()
		test.ApplyTheme(t, fixed{ourTheme(), variant})
		b.focus(nil)
		rows := b.rows(func() int { return 2 }, func() fyne.CanvasObject { return newLine("x") }, func(int, fyne.CanvasObject) {})
		b.pick.items = []choice{{Brief: api.Brief{ID: "github", Name: "GitHub"}}}
		for name, at := range map[string]fyne.Focusable{"button": b.button("Go", nil, nil), "primary button": b.button("Go", nil, nil).primary(), "quiet button": b.button("Go", nil, nil).low(),
			"check": b.check("Go", nil), "field": b.entry("x"), "secret": b.secret("x"), "rows": rows, "connections": b.list.widget, "providers": newPickList(b.pick)} {
			t.Run(fmt.Sprint(name, " ", dark), func(t *testing.T) {
				w := b.app.NewWindow("")
				defer w.Close()
				w.SetContent(at.(fyne.CanvasObject))
				w.Resize(fyne.NewSize(300, 160))
				w.Canvas().Unfocus()
				before := w.Canvas().Capture()
				w.Canvas().Focus(at)
				after := w.Canvas().Capture()
				w.Canvas().Unfocus()
				if changed := differ(before, after); changed < 100 {
					t.Errorf("%d pixels differ by 3:1", changed)
				}
				if left := differ(before, w.Canvas().Capture()); left > 0 {
					t.Errorf("%d pixels look as if it had the focus still", left)
				}
			})
		}
	}
}

// differ counts the pixels between which the contrast is 3:1 or better.
func differ(a, b image.Image) (n int) {
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if contrast(a.At(x, y), b.At(x, y)) >= 3 {
				n++
			}
		}
	}
	return n
}
