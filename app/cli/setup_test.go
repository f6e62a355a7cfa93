package cli

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestHostOfSetupIsEnteredIntoTheConnection(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	w := newWorld(t, nil)
	t.Setenv("HOME", t.TempDir())
	w.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer + " --host one.example")
	exit, _, errs := w.command("setup", "git", "work", "--host", "git.example.org")
	if exit != 0 || !strings.Contains(errs, "authtray add work --host one.example --host git.example.org") {
		t.Errorf("without --write: exit %d: %s", exit, errs)
	}
	if got := w.seen("work").Config.Hosts; !slices.Equal(got, []string{"one.example"}) {
		t.Errorf("without --write it was entered: %v", got)
	}
	w.types("authtray setup git work --host git.example.org --write")
	if got := w.seen("work").Config.Hosts; !slices.Equal(got, []string{"one.example", "git.example.org"}) {
		t.Errorf("the connection answers for %v", got)
	}
	before := w.read("work")
	w.types("authtray setup git work --host git.example.org --write")
	if w.read("work") != before {
		t.Error("what was entered already was written again")
	}
}
