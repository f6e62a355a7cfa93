package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestHostOfSetupIsEnteredIntoTheConnection(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	w := newWorld(t, nil)
	setHome(t, t.TempDir())
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

func TestSetupOfAMistypedClientNamesTheOneThatIsMeant(t *testing.T) {
	w := newWorld(t, nil)
	w.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer)
	for client, end := range map[string]string{"curser": `, not "curser"; did you mean cursor?`, "emacs": `, not "emacs"`} {
		if exit, _, errs := w.command("setup", "mcp", "work", "--client", client); exit != exitUsage || !strings.HasSuffix(strings.TrimSpace(errs), end) {
			t.Errorf("%s: exit %d: %s", client, exit, errs)
		}
	}
}

func TestSetupIsTakenBack(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	w := newWorld(t, nil)
	home := t.TempDir()
	setHome(t, home)
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

// Another helper of git's, wherever it is configured, that is asked after ours.
func TestDoctorSeesOtherHelpersOfGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	for _, where := range []string{"global", "include", "local", "system"} {
		t.Run(where, func(t *testing.T) {
			w := newWorld(t, nil)
			home := t.TempDir()
			for name, value := range map[string]string{"HOME": home, "XDG_CONFIG_HOME": home + "/.config", "GIT_CONFIG_SYSTEM": home + "/system"} {
				t.Setenv(name, value)
			}
			t.Chdir(home)
			git := func(args ...string) {
				t.Helper()
				if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
					t.Fatalf("git %v: %v %s", args, err, out)
				}
			}
			git("init", "-q")
			w.put("work", map[string]any{"provider": "practice", "hosts": []string{"git.example.org"}})
			w.types("authtray setup git work --write")
			if _, out, _ := w.command("doctor"); strings.Contains(out, "✖ git") {
				t.Fatalf("without another helper:\n%s", out)
			}
			want := true
			switch where {
			case "global":
				git("config", "--global", "--add", "credential.https://git.example.org.helper", "store")
			case "include":
				git("config", "--file", home+"/more", "credential.helper", "store")
				git("config", "--global", "include.path", home+"/more")
			case "local":
				git("config", "credential.helper", "store")
			case "system": // is asked before, and our lines forget it
				git("config", "--file", home+"/system", "credential.helper", "store")
				want = false
			}
			_, out, _ := w.command("doctor")
			if strings.Contains(out, "✖ git") != want {
				t.Errorf("doctor says\n%s", out)
			}
			if _, _, errs := w.command("setup", "git", "work"); strings.Contains(errs, `"store"`) != want {
				t.Errorf("setup says %s", errs)
			}
		})
	}
}

func TestRemoveNamesWhatStillPointsToTheConnection(t *testing.T) {
	w := newWorld(t, nil)
	home := t.TempDir()
	setHome(t, home)
	t.Setenv("XDG_CONFIG_HOME", home+"/.config")
	helper := filepath.Join(home, "docker-credential-authtray")
	if runtime.GOOS == "windows" {
		helper += ".exe"
	}
	if err := os.WriteFile(helper, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", home+string(os.PathListSeparator)+os.Getenv("PATH"))
	w.put("work", map[string]any{"provider": "practice", "hosts": []string{"git.example.org"}})
	w.put("other", map[string]any{"provider": "practice"})
	w.types("authtray setup docker work --write")
	if _, _, errs := w.command("remove", "other"); errs != "" {
		t.Errorf("of another connection: %s", errs)
	}
	w.put("same-host", map[string]any{"provider": "practice", "hosts": []string{"git.example.org"}})
	if _, _, errs := w.command("remove", "same-host"); errs != "" {
		t.Errorf("of one for whose host another one answers: %s", errs)
	}
	_, _, errs := w.command("remove", "work")
	if want := "docker (" + filepath.Join(home, ".docker", "config.json") + ")"; !strings.Contains(errs, want) {
		t.Errorf("%s is not named: %s", want, errs)
	}
}

func TestPurgeSaysInTheEndWhatIsLeft(t *testing.T) {
	for _, c := range []struct {
		name, profile string
		p             purge
		want          string
	}{
		{"all is gone", "", purge{}, "Nothing of yours is left but the program."},
		{"a chosen folder and a link's target", "", purge{chosen: []string{"/srv/c"}, linked: []string{"/dot/a.toml"}}, "Nothing of yours is left but the program, /srv/c, /dot/a.toml."},
		{"a profile", "practice", purge{}, "Nothing of the profile practice is left."},
		{"a profile with a link's target", "practice", purge{linked: []string{"/dot/a.toml"}}, "Nothing of the profile practice is left but /dot/a.toml."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.p.ending(c.profile); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
