package notify

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// A real browser under the page's own policy: the button must work, styled,
// with the Origin header that the page checks.
func TestDesktopChromiumPressesThePagesButton(t *testing.T) {
	bustest.Need(t, "chromium")
	bustest.Home(t)
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()

	var p page
	pressed := make(chan bool, 10)
	url, err := p.offer("gh", "gh has to be reconnected", func() { pressed <- true })
	if err != nil {
		t.Fatal(err)
	}
	defer p.withdraw("gh")
	text := func(selector string) string {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	before := text("h1")
	background, err := chromedp.Run(ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("button")).backgroundColor`))
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS("button")), chromedp.WaitNotPresent(chromedp.CSS("button"))); err != nil {
		t.Fatal(err)
	}
	after := text("h1")
	<-pressed
	if before != "gh has to be reconnected" || after != "Going on in a new tab" {
		t.Errorf("the page said %q, then %q", before, after)
	}
	if background != "rgb(14, 124, 107)" {
		t.Errorf("the page's own style was not applied: %s", background)
	}
}
