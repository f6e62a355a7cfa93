package window

import (
	"encoding/json"
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
	"slices"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/providers/catalog"
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

// saidIn are the texts that the code of a folder has translated: the first argument of
// tr, Tr and their like, and what a page in the browser is made of.
func saidIn(t *testing.T, dir string) (texts []string) {
	files := sourcesIn(t, dir)
	constants := map[string]string{}
	literal := func(e ast.Expr) (string, bool) {
		switch e := e.(type) {
		case *ast.BasicLit:
			s, err := strconv.Unquote(e.Value)
			return s, err == nil && e.Kind == token.STRING
		case *ast.Ident:
			s, ok := constants[e.Name]
			return s, ok
		}
		return "", false
	}
	take := func(e ast.Expr) {
		if s, ok := literal(e); ok && s != "" {
			texts = append(texts, s)
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for i := range min(len(spec.Names), len(spec.Values)) {
					if s, ok := literal(spec.Values[i]); ok {
						constants[spec.Names[i].Name] = s
					}
				}
			}
			return true
		})
	}
	of := func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.Ident:
			return e.Name
		case *ast.SelectorExpr:
			return e.Sel.Name
		}
		return ""
	}
	isPart := func(name string) bool { return name == "Title" || name == "Text" || name == "Next" }
	for name, f := range files {
		page := strings.HasSuffix(name, "loopback_pages.go")
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if called := of(n.Fun); len(n.Args) > 0 && slices.Contains([]string{"tr", "trn", "Tr", "Count"}, called) {
					take(n.Args[0])
				}
				if of(n.Fun) == "view" && len(n.Args) == 3 { // of the page with the Reconnect button
					take(n.Args[1])
				}
			case *ast.KeyValueExpr:
				if page && isPart(of(n.Key)) {
					take(n.Value)
				}
			case *ast.AssignStmt:
				for i := range min(len(n.Lhs), len(n.Rhs)) {
					if page && isPart(of(n.Lhs[i])) {
						take(n.Rhs[i])
					}
				}
			}
			return true
		})
	}
	return texts
}

// explanations are all texts of package tokens' table.
func explanations() (all []string) {
	list := []tokens.Explanation{tokens.Unsaved, tokens.TooLarge}
	for s, of := range tokens.Explanations {
		all = append(all, s.Word())
		for r := range of {
			list = append(list, tokens.Explain(s, r))
		}
	}
	for _, e := range list {
		for _, text := range []string{e.Long, e.WithCause, e.Way, e.Short, e.Action, e.Button} {
			if text != "" && text != "{{.Cause}}" {
				all = append(all, text)
			}
		}
	}
	return all
}

func TestEveryTextIsTranslatedAndNothingElseIs(t *testing.T) {
	texts := map[string]bool{}
	for _, s := range slices.Concat(explanations(), causes(t), findings(t), unlocking(t)) {
		texts[s] = true
	}
	fromCatalogue := map[string]bool{} // may be translated; what is not says that it is English
	entries, _ := catalog.LoadCatalogue("")
	for _, e := range entries.List() {
		fromCatalogue[e.Cost] = true
		for _, v := range e.Vars {
			fromCatalogue[v.Label] = true
		}
		for _, set := range e.ScopeSets {
			fromCatalogue[set.About] = true
		}
	}
	for _, dir := range []string{".", "../desktop/tray", "../desktop/notify", "../access/gate", "../agent", "../../providers"} {
		for _, s := range saidIn(t, dir) {
			texts[s] = true
		}
	}
	for _, s := range notify.Texts() {
		texts[s] = true
	}
	files, err := filepath.Glob("../lang/*.json")
	if err != nil || len(files) < 2 || len(texts) < 100 {
		t.Fatalf("%d languages, %d texts, %v", len(files), len(texts), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var translated map[string]any
		if err := json.Unmarshal(data, &translated); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for s := range translated {
			if !texts[s] && !fromCatalogue[s] {
				t.Errorf("%s translates %q, which is no longer said", file, s)
			}
		}
		if filepath.Base(file) == "en.json" {
			continue // holds plurals only
		}
		for s := range texts {
			if _, ok := translated[s]; !ok {
				t.Errorf("%s does not translate %q", file, s)
			}
		}
	}
}

// causes are the sentences in which the provider's client tells what went wrong,
// but for those that repeat a code.
func causes(t *testing.T) (all []string) {
	t.Helper()
	for _, name := range []string{"refusal/sentences.go", "send.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), "../../providers/"+name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if s, _ := strconv.Unquote(text.Value); strings.HasPrefix(s, "The ") && strings.HasSuffix(s, ".") && !strings.Contains(s, "%") {
					all = append(all, s)
				}
			}
			return true
		})
	}
	if len(all) < 25 {
		t.Fatalf("only %d sentences were found", len(all))
	}
	return all
}

// unlocking are the sentences of a keychain that did not open.
func unlocking(t *testing.T) (all []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../agent/unlock.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if pair, ok := n.(*ast.KeyValueExpr); ok {
			if name, ok := pair.Key.(*ast.Ident); ok && name.Name == "Detail" {
				s, _ := strconv.Unquote(pair.Value.(*ast.BasicLit).Value)
				all = append(all, s)
			}
		}
		return true
	})
	if len(all) < 4 {
		t.Fatalf("only %d sentences were found", len(all))
	}
	return all
}

// findings are the sentences of a doctor's report, with places that are called A, B
// and so on where it fills something in.
func findings(t *testing.T) []string {
	t.Helper()
	formats := []string{"Authtray %s runs as process %d.", "There is no session bus to look on."}
	files, _ := filepath.Glob("../doctor/*.go")
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_windows.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			at := map[string]int{"fine": 1, "failed": 2}
			name, _ := call.Fun.(*ast.Ident)
			if name == nil || at[name.Name] == 0 || len(call.Args) <= at[name.Name] {
				return true
			}
			arg, way := call.Args[at[name.Name]], ""
			if sum, ok := arg.(*ast.BinaryExpr); ok {
				arg, way = sum.X, " `authtray open` opens the window all the same."
			}
			if text, ok := arg.(*ast.BasicLit); ok {
				s, _ := strconv.Unquote(text.Value)
				if strings.Trim(s, ".") != "%s" {
					formats = append(formats, s+way)
				}
			}
			return true
		})
	}
	if len(formats) < 40 {
		t.Fatalf("only %d findings were found", len(formats))
	}
	var all []string
	for _, f := range formats {
		for _, f := range variants(f) {
			for place := 'A'; strings.Contains(f, "%"); place++ {
				at := strings.Index(f, "%")
				f = f[:at] + "{{." + string(place) + "}}" + f[at+2:]
			}
			all = append(all, f)
		}
	}
	return all
}

// variants are a format with the words that it is filled with, where they are words.
func variants(format string) (all []string) {
	fill := map[string][]string{
		"The clock is %s %s that": {"The clock is %s ahead of that", "The clock is %s behind that"},
		"the connection is %s":    {"the connection is connected", "the connection is connecting", "the connection is disconnected"},
		"The %s is open":          {"The keychain is open", "The sealed file is open"},
		"%s can be used.":         {"No connection file is there yet; the settings can be used.", "1 connection file can be used.", "%s connection files can be used."},
	}
	for words, filled := range fill {
		if strings.Contains(format, words) {
			for _, f := range filled {
				all = append(all, strings.Replace(format, words, f, 1))
			}
			return all
		}
	}
	if format == "%s"+" `authtray open` opens the window all the same." { // GNOME's, which name an extension
		return nil
	}
	return []string{format}
}

func TestCausesAreToldInTheDesktopsLanguage(t *testing.T) {
	t.Setenv("LANGUAGE", "")
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	t.Setenv("LANG", "de_DE.UTF-8")
	newBench(t)
	for _, cause := range append(causes(t), `GitLab said {{.Provider}} {{"x"}} {{`) {
		t.Run(cause, func(t *testing.T) {
			known := strings.HasPrefix(cause, "The ")
			said := strings.Replace(cause, "The provider", "GitLab", 1)
			for _, state := range []tokens.State{tokens.Retrying, tokens.Misconfigured} {
				st := tokens.Status{State: state, ProviderName: "GitLab", Cause: said, Detail: tokens.Sentence(state, "", "GitLab", said)}
				told := statusSentence(st)
				if strings.Contains(told, strings.TrimSuffix(said, ".")) == known || strings.Contains(cause, "The provider") && !strings.Contains(told, "GitLab") ||
					!strings.Contains(told, "Authtray") && state == tokens.Retrying {
					t.Errorf("%q", told)
				}
			}
		})
	}
}

func TestTranslationsFillTheSamePlaces(t *testing.T) {
	data, err := os.ReadFile("../lang/de.json")
	if err != nil {
		t.Fatal(err)
	}
	var de map[string]any
	if err := json.Unmarshal(data, &de); err != nil {
		t.Fatal(err)
	}
	for text, translation := range de {
		forms, plural := translation.(map[string]any)
		if !plural {
			forms = map[string]any{"": translation}
		}
		for _, form := range forms {
			for place := range strings.SplitSeq(text, "{{") {
				name, _, found := strings.Cut(place, "}}")
				if found && !strings.Contains(form.(string), "{{"+name+"}}") {
					t.Errorf("%q lacks {{%s}}", form, name)
				}
			}
		}
	}
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
