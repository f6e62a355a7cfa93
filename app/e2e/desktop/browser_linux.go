package desktop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/authtray/authtray/app/e2e/bustest"
)

const (
	pageTime    = 3 * time.Minute  // ends a wait for a page that never comes
	sessionTime = 12 * time.Minute // how long the browser may run: a call that never returns ends with it
)

// Browser is a Chromium with a window on the session's screen.
type Browser struct {
	d   *Desktop
	ctx context.Context
}

// StartBrowser starts Chromium and makes it the session's browser: xdg-open
// hands URLs to it, as it does on a desktop.
func (d *Desktop) StartBrowser() *Browser {
	d.t.Helper()
	bustest.Need(d.t, "chromium")
	profile := filepath.Join(d.home, "chromium")
	d.openWith(profile)
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.VisibleWindow, chromedp.ExecPath("chromium"),
		chromedp.UserDataDir(profile), chromedp.Flag("start-maximized", false), chromedp.WindowSize(800, 680),
		chromedp.Flag("window-position", "8,60"), chromedp.Flag("disable-gpu", true))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox, chromedp.Flag("test-type", true)) // without its banner
	}
	limited, cancel := context.WithTimeout(context.Background(), sessionTime)
	d.t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(limited, options...)
	d.t.Cleanup(stop)
	ctx, shut := chromedp.NewContext(ctx)
	d.t.Cleanup(shut)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		d.t.Fatalf("Chromium does not start: %v", err)
	}
	return &Browser{d, ctx}
}

// openWith puts an xdg-open first in PATH that starts Chromium again, which
// gives the URL to the one that runs and ends.
func (d *Desktop) openWith(profile string) {
	d.t.Helper()
	sandbox := ""
	if os.Getuid() == 0 {
		sandbox = "--no-sandbox"
	}
	script := fmt.Sprintf("#!/bin/sh\necho >>'%s'\nexec chromium %s --user-data-dir='%s' --password-store=basic \"$1\" >/dev/null 2>&1\n",
		d.opened(), sandbox, profile)
	bin := filepath.Dir(d.write("HOME", "bin/xdg-open", script))
	d.t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

// Opened is how often a URL was handed to the browser.
func (d *Desktop) Opened() int {
	lines, err := os.ReadFile(d.opened())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		d.t.Fatal(err)
	}
	return len(lines)
}

func (d *Desktop) opened() string { return filepath.Join(d.home, "opened") }

// Page is one tab.
type Page struct {
	d   *Desktop
	ctx context.Context
	end func()
}

// AwaitPage waits for a tab whose address begins so, which somebody opened.
func (b *Browser) AwaitPage(prefix string) *Page {
	b.d.t.Helper()
	var page *Page
	bustest.Eventually(b.d.t, bustest.Said("the browser shows no "+prefix+"…"), func() bool {
		tabs, err := chromedp.Targets(b.ctx)
		if err != nil {
			b.d.t.Fatal(err)
		}
		for _, tab := range tabs {
			if tab.Type == "page" && !tab.Attached && strings.HasPrefix(tab.URL, prefix) {
				ctx, end := chromedp.NewContext(b.ctx, chromedp.WithTargetID(tab.TargetID))
				page = b.page(ctx, end)
				return true
			}
		}
		return false
	})
	return page
}

// Open opens a tab as its user does, by typing the address.
func (b *Browser) Open(url string) *Page {
	b.d.t.Helper()
	ctx, end := chromedp.NewContext(b.ctx, chromedp.WithNewWindow(false))
	p := b.page(ctx, end)
	p.do(chromedp.Navigate(url))
	return p
}

// page attaches to a tab, which stays attached for as long as this context
// lives: the one that the first action has.
func (b *Browser) page(ctx context.Context, end func()) *Page {
	b.d.t.Helper()
	if err := chromedp.Do(ctx); err != nil {
		b.d.t.Fatalf("a tab cannot be reached: %v", err)
	}
	return &Page{b.d, ctx, end}
}

// Click waits for the first of what a CSS selector finds, and clicks it.
func (p *Page) Click(selector string) {
	p.d.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// Await waits until a selector finds something that can be seen, and returns its text.
func (p *Page) Await(selector string) string {
	p.d.t.Helper()
	var text string
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) (err error) {
		text, err = chromedp.Text(chromedp.CSS(selector))(ctx, t)
		return err
	}))
	return text
}

// Has says whether a selector finds something now.
func (p *Page) Has(selector string) bool {
	p.d.t.Helper()
	found := false
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) (err error) {
		found, err = chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q) !== null", selector))(ctx, t)
		return err
	}))
	return found
}

// Close closes the tab.
func (p *Page) Close() { p.end() }

func (p *Page) do(step chromedp.Action[chromedp.Void]) {
	p.d.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, pageTime)
	defer cancel()
	if err := chromedp.Do(ctx, step); err != nil {
		bustest.Screenshot(p.d.t, "trouble-in-the-browser")
		p.d.t.Fatalf("in the browser: %v", err)
	}
}
