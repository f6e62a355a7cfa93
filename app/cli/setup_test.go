package cli

import (
	"os"
	"os/exec"
	"path/filepath"
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

func TestSetupIsTakenBack(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	w := newWorld(t, nil)
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(home, "gitconfig"))
	if err := os.MkdirAll(filepath.Join(home, ".local/bin"), 0o700); err != nil { // for docker's helper
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(home, ".local/bin")+":"+os.Getenv("PATH"))
	files := map[string]string{"gitconfig": "[user]\n\tname = Ada\n", ".docker/config.json": "{\n\t\"auths\": {}\n}\n", ".msmtprc": "# mine\naccount other\nhost x\n"}
	for name, text := range files {
		os.MkdirAll(filepath.Dir(filepath.Join(home, name)), 0o700)
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer + " --host git.example.org")
	for tool, file := range map[string]string{"git work": "gitconfig", "docker work --host ghcr.example": ".docker/config.json", "msmtp work --user ada@example.org --host smtp.example.org": ".msmtprc"} {
		t.Run(tool, func(t *testing.T) {
			w.t = t
			w.command(append([]string{"setup"}, strings.Fields(tool+" --write")...)...)
			if got, _ := os.ReadFile(filepath.Join(home, file)); string(got) == files[file] {
				t.Fatal("nothing was written")
			}
			w.types("authtray setup " + tool + " --remove")
			if got, _ := os.ReadFile(filepath.Join(home, file)); string(got) != files[file] {
				t.Errorf("left behind:\n%q\nwant\n%q", got, files[file])
			}
			if _, _, errs := w.command(append([]string{"setup"}, strings.Fields(tool+" --remove")...)...); !strings.Contains(errs, "is not set up for work") {
				t.Errorf("once more: %s", errs)
			}
		})
	}
}

// Another helper after ours keeps what ours answered: our token, in the clear.
func TestSetupOfGitNamesHelpersThatWouldStoreTheToken(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	for name, tt := range map[string]struct {
		before, after bool
		told          bool
	}{"none": {}, "before ours": {before: true}, "after ours": {after: true, told: true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			home := t.TempDir()
			for k, v := range map[string]string{"HOME": home, "XDG_CONFIG_HOME": home, "GIT_CONFIG_GLOBAL": filepath.Join(home, "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"} {
				t.Setenv(k, v)
			}
			store := func() {
				if out, err := exec.Command("git", "config", "--global", "credential.helper", "store").CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			if tt.before {
				store()
			}
			w.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer + " --host git.example.org")
			w.types("authtray setup git work --write")
			if tt.after {
				store()
			}
			_, _, errs := w.command("setup", "git", "work", "--write")
			if told := strings.Contains(errs, `git asks "store"`); told != tt.told {
				t.Errorf("told %v: %s", told, errs)
			}
		})
	}
}
