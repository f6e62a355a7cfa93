package window

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/catalog"
)

// leftOver is what a person at the window should never read: a variable without
// its value, what only the command line can take, or what is drawn wrongly.
var leftOver = regexp.MustCompile(`\{[a-z_.]+\}|authtray (secret|connect|add) |→|--(device|client-id|issuer)\b`)

// TestEveryProvidersFormCanBeReadAndFollowed renders the form of each catalogue
// entry, with the user's part filled in.
func TestEveryProvidersFormCanBeReadAndFollowed(t *testing.T) {
	all, problems := catalog.LoadCatalogue("")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	b := live(t)
	for _, e := range all.List() {
		t.Run(e.ID, func(t *testing.T) {
			b.T = t
			b.form.begin(api.Provider{Entry: e, RedirectURI: e.RedirectURI()})
			if g := b.form.guide; g.open != nil && g.open.Disabled() != g.lacks.Visible() {
				t.Error("Open the page is disabled without a word why, or not though something is missing")
			}
			for name, v := range b.form.entry.Vars {
				b.form.fields[fieldVar+name].SetText(exampleOf(v))
			}
			b.form.fields[fieldID].SetText("id-123")
			b.form.showMore()
			b.win.Resize(fyne.NewSize(1000, 680))
			checkForm(b)
		})
	}
}

func exampleOf(v catalog.Var) string {
	if v.Default != "" {
		return v.Default
	}
	for _, s := range append([]string{"https://login.example.org", "login.example.org", "8443", "example", "a1b2c3"}, v.Choices...) {
		if v.Takes(s) {
			return s
		}
	}
	return ""
}

func checkForm(b *bench) {
	b.Helper()
	for _, text := range append(texts(b.form.box), richTexts(b.form.box)...) {
		if leftOver.MatchString(text) {
			b.Errorf("not for the window: %q", text)
		}
		if strings.HasSuffix(text, "…") && len(text) > 60 {
			b.Errorf("cut: %q", text)
		}
	}
	walk(b.form.box, func(o fyne.CanvasObject) {
		if l, ok := o.(*line); ok && o.Visible() {
			if drawn := test.WidgetRenderer(l).(*lineRenderer).text.Text; drawn != l.text {
				b.Errorf("cut on screen: %q is drawn as %q", l.text, drawn)
			}
		}
	})
	f := b.form
	if f.guide.open != nil {
		if f.guide.open.Disabled() {
			b.Fatalf("the page does not open though all is filled in: %s", f.guide.lacks.Text)
		}
		page, _ := fillLink(f.entry.Links.Register, f.entry.Entry, f.connection())
		opens(b, page)
	}
	if f.entry.Links.UserRevoke != "" {
		page, lacking := fillLink(f.entry.Links.UserRevoke, f.entry.Entry, f.connection())
		if lacking != "" {
			b.Errorf("%s lacks %s", f.entry.Links.UserRevoke, lacking)
		}
		opens(b, page)
	}
}

// opens fails for an address that the browser would not be sent to.
func opens(b *bench, page string) {
	b.Helper()
	u, err := url.Parse(page)
	if err != nil || u.Scheme != "https" && u.Hostname() != "127.0.0.1" || u.Host == "" || strings.ContainsAny(page, "{} ") {
		b.Errorf("%q cannot be opened", page)
	}
}

// richTexts are the texts of the steps.
func richTexts(in fyne.CanvasObject) []string {
	var out []string
	walk(in, func(o fyne.CanvasObject) {
		if x, ok := o.(*widget.RichText); ok {
			var all []string
			for _, s := range x.Segments {
				all = append(all, s.Textual())
			}
			out = append(out, strings.Join(all, ""))
		}
	})
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}
