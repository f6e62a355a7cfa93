package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/cli"
)

// page is the name of a command's page: authtray-secret-set.1.
func page(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1" }

func TestEveryCommandThatIsShownHasAPageWithItsExample(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1795435200")
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	var each func(c *cobra.Command)
	each = func(c *cobra.Command) {
		text, err := os.ReadFile(filepath.Join(dir, page(c)))
		if err != nil || !strings.Contains(string(text), ".SH EXAMPLE") || !strings.Contains(string(text), ".SH NAME") {
			t.Errorf("%s: %v, %d bytes", page(c), err, len(text))
		}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				each(sub)
			}
		}
	}
	each(cli.Commands())
	if _, err := os.Stat(filepath.Join(dir, "authtray-window.1")); err == nil {
		t.Error("a command that is hidden has a page")
	}
}

// The examples of the help are run (app/cli); those of the pages are the same.
func TestExamplesOfThePagesAreThoseOfTheHelp(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	roff := strings.NewReplacer(`\-`, "-", `\(aq`, "'", `\e`, `\`, `\&`, "")
	var each func(c *cobra.Command)
	each = func(c *cobra.Command) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, page(c)))
			if err != nil {
				t.Fatal(err)
			}
			_, shown, _ := strings.Cut(string(text), ".SH EXAMPLE")
			for line := range strings.Lines(c.Example) {
				if line = strings.TrimSpace(line); !strings.Contains(roff.Replace(shown), line) {
					t.Errorf("%q is not on the page:\n%s", line, shown)
				}
			}
		})
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				each(sub)
			}
		}
	}
	each(cli.Commands())
}

func TestThePagesAreTheSameInEveryBuild(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1795435200")
	a, b := t.TempDir(), t.TempDir()
	for _, dir := range []string{a, b} {
		if err := write(dir); err != nil {
			t.Fatal(err)
		}
	}
	pages, err := filepath.Glob(filepath.Join(a, "*.1"))
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, p := range pages {
		one, _ := os.ReadFile(p)
		other, _ := os.ReadFile(filepath.Join(b, filepath.Base(p)))
		if string(one) != string(other) || !strings.Contains(string(one), "Nov 2026") {
			t.Errorf("%s differs, or has another date", filepath.Base(p))
		}
	}
}

func TestMandocReadsThePages(t *testing.T) {
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Skip("mandoc is not installed")
	}
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("mandoc", "-Tutf8", "-Werror", "-Wstop", filepath.Join(dir, "authtray-connect.1")).CombinedOutput()
	text := string(out)
	if err != nil || !strings.Contains(text, "--no-browser") {
		t.Errorf("%v: %s", err, text)
	}
}
