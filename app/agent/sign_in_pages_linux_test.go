package agent

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/app/lang/langtest"
	"github.com/authtray/authtray/providers/practice/practicetest"
)

// visit is the browser: it follows what it is sent, and returns the page.
func (w *world) visit(address string) string {
	w.t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(page)
}

// back is where the provider sends the browser when somebody has answered there.
func (w *world) back(at api.Attempt, user string) string {
	w.t.Helper()
	redirect, err := practicetest.Consent(w.t.Context(), at.URL, user)
	if err != nil {
		w.t.Fatal(err)
	}
	return redirect
}

// changed is an address with another value in its query.
func (w *world) changed(address, key, value string) string {
	w.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		w.t.Fatal(err)
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// endings are the pages that a browser shows at the end of a sign-in, each as it
// comes to be.
var endings = []struct {
	name string
	page func(w *world) string
	says string // in English
}{
	{"connected", func(w *world) string { return w.visit(w.back(w.begin("work", nil), "ada")) }, "Try: authtray token work"},
	{"visited again", func(w *world) string {
		to := w.back(w.begin("work", nil), "ada")
		w.visit(to)
		return w.visit(to)
	}, "Authtray is already connected to Practice provider as ada."},
	{"another account", func(w *world) string {
		w.connect("work", "ada")
		return w.visit(w.back(w.begin("work", nil), "grace"))
	}, "Go back to Authtray: it asks which account to use."},
	{"denied", func(w *world) string {
		to, err := practicetest.Deny(w.t.Context(), w.begin("work", nil).URL, "ada")
		if err != nil {
			w.t.Fatal(err)
		}
		return w.visit(to)
	}, "Access was not allowed at Practice provider"},
	{"refused", func(w *world) string {
		return w.visit(w.changed(w.back(w.begin("work", nil), "ada"), "code", "another"))
	}, "Practice provider did not accept the sign-in. You can close this tab and connect again from Authtray."},
	{"not ours", func(w *world) string {
		return w.visit(w.changed(w.back(w.begin("work", nil), "ada"), "state", "another"))
	}, "so it was ignored"},
	{"nothing here", func(w *world) string {
		u, err := url.Parse(w.back(w.begin("work", nil), "ada"))
		if err != nil {
			w.t.Fatal(err)
		}
		return w.visit(u.Scheme + "://" + u.Host + "/elsewhere")
	}, "only used to finish a sign-in"},
}

var (
	tag   = regexp.MustCompile(`<[^>]*>`)
	style = regexp.MustCompile(`(?s)<style>.*</style>`)
	// frame is what is the same on each page: its marks, without the sign and the command.
	variable = regexp.MustCompile(`(?s)<path .*?</path>|<p>[^<]*<code>.*?</code></p>|class="(fine|trouble|waiting)"|lang="[a-z]+"`)
	between  = regexp.MustCompile(`>[^<]*<`)
)

func frameOf(page string) string {
	return between.ReplaceAllString(variable.ReplaceAllString(page, ""), "><")
}

// TestBrowsersPagesAreOneTemplateInEveryLanguage makes every page at the end of a
// sign-in, in English and in German. Chromium draws them all on one sheet, in light
// and in dark, which is kept as pages/sheet.png in the folder that SCREENSHOTS names.
func TestBrowsersPagesAreOneTemplateInEveryLanguage(t *testing.T) {
	frames := map[string]string{}
	var sheet strings.Builder
	for _, e := range endings {
		for _, language := range []*lang.Language{nil, lang.Named("de")} {
			name := e.name + ", " + language.Code()
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, func(o *Options) { o.Language = language })
				w.add("work")
				page := e.page(w)
				said := strings.Join(strings.Fields(html.UnescapeString(tag.ReplaceAllString(style.ReplaceAllString(page, ""), " "))), " ")
				if language == nil && !strings.Contains(said, e.says) {
					t.Errorf("it says %q", said)
				}
				if language != nil && (langtest.IsEnglish(said) || strings.Contains(said, "Auf Englisch")) {
					t.Errorf("in German it says %q", said)
				}
				frames[frameOf(page)] = name
				for _, scheme := range []string{"light", "dark"} {
					fmt.Fprintf(&sheet, "<iframe style=\"color-scheme:%s\" srcdoc=\"%s\"></iframe>\n", scheme, html.EscapeString(page))
				}
			})
		}
	}
	if len(frames) != 1 {
		t.Errorf("there are %d templates: %v", len(frames), frames)
	}
	t.Run("pictures", func(t *testing.T) { drawPages(t, sheet.String(), len(endings)) })
}

func drawPages(t *testing.T, frames string, rows int) {
	bustest.Need(t, "chromium")
	const width, height = 520, 450
	dir := t.TempDir()
	if shots := os.Getenv("SCREENSHOTS"); shots != "" {
		dir = filepath.Join(shots, "pages")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	page := fmt.Sprintf("<!doctype html><style>body{margin:0;font-size:0}iframe{width:%dpx;height:%dpx;border:0}</style>%s", width, height, frames)
	file := filepath.Join(dir, "sheet.html")
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"--headless", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + t.TempDir(),
		fmt.Sprintf("--window-size=%d,%d", 4*width, rows*height), "--screenshot=" + filepath.Join(dir, "sheet.png"), "file://" + file}
	if os.Getuid() == 0 {
		args = slices.Insert(args, 0, "--no-sandbox")
	}
	if out, err := exec.CommandContext(t.Context(), "chromium", args...).CombinedOutput(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, out)
	}
	if info, err := os.Stat(filepath.Join(dir, "sheet.png")); err != nil || info.Size() < 20000 {
		t.Errorf("the sheet is %+v: %v", info, err)
	}
}
