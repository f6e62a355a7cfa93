package tools

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestGitIsSetUp(t *testing.T) {
	need(t, "git", "git")
	w := start(t)
	g := w.gitServer()
	w.answersFor("work", g.host())
	key := "credential." + g.URL + ".helper"
	w.run("git", "config", "--global", "credential.helper", "store") // would write the token down
	shown := w.run("authtray", "setup", "git", "work")
	if want := "git config --global " + key + " ''\ngit config --global --add " + key + " authtray\n"; shown != want {
		t.Errorf("%s\nwant\n%s", shown, want)
	}
	for range 2 {
		w.run("authtray", "setup", "git", "work", "--write")
		if has := w.run("git", "config", "--global", "--get-all", key); has != "\nauthtray\n" {
			t.Errorf("%q", has)
		}
	}
	w.run("git", "ls-remote", g.as(""))
	if _, err := os.Stat(w.home + "/.git-credentials"); err == nil {
		t.Error("another helper was given the token to keep")
	}

	w.run("git", "config", "--global", "--unset-all", key)
	w.run("git", "config", "--global", key, "theirs")
	_, _, errs := w.fails("", "authtray", "setup", "git", "work", "--write")
	if has := w.run("git", "config", "--global", "--get-all", key); has != "theirs\n" || !strings.Contains(errs, `"theirs"`) {
		t.Errorf("%q, %q", has, errs)
	}
	w.oneSentence(errs)

	w.run("git", "config", "--global", "--unset-all", key)
	for line := range strings.Lines(shown) { // what is shown can be typed
		w.run("sh", "-c", line)
	}
	w.run("git", "ls-remote", g.as(""))
}

// TestGitIsSetUpWithoutTheLink: a program that is installed by hand, in a folder
// with a blank in its name.
func TestGitIsSetUpWithoutTheLink(t *testing.T) {
	need(t, "git", "git")
	w := start(t)
	g := w.gitServer()
	w.answersFor("work", g.host())
	w.path(withoutHelpers(w))
	self := w.dir("my tools") + "/authtray"
	found, err := exec.LookPath("authtray")
	if err == nil {
		found, err = filepath.EvalSymlinks(found)
	}
	if err == nil {
		err = os.Link(found, self)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.run(self, "setup", "git", "work", "--write")
	if has := w.run("git", "config", "--global", "--get-all", "credential."+g.URL+".helper"); has != "\n!'"+self+"' helper git\n" {
		t.Errorf("%q", has)
	}
	w.run("git", "ls-remote", g.as(""))
}

// withoutHelpers is PATH without the folder of the programs under test.
func withoutHelpers(w *world) string {
	found, err := exec.LookPath("authtray")
	if err != nil {
		w.Fatal(err)
	}
	var dirs []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if dir != filepath.Dir(found) {
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, ":")
}

func TestDockerIsSetUp(t *testing.T) {
	w := start(t, `hosts = ["ghcr.example"]`)
	w.file(".docker/config.json", `{"auths":{"x":{"auth":"YQ=="}}}`)
	for range 2 {
		w.run("authtray", "setup", "docker", "work", "--write")
	}
	want := "{\n\t\"auths\": {\n\t\t\"x\": {\n\t\t\t\"auth\": \"YQ==\"\n\t\t}\n\t},\n\t\"credHelpers\": {\n\t\t\"ghcr.example\": \"authtray\"\n\t}\n}\n"
	if got := w.read(".docker/config.json"); got != want {
		t.Errorf("%s", got)
	}
	_, errs, err := w.try("", "authtray", "setup", "docker", "work", "--host", "quay.example")
	if err != nil || !strings.Contains(errs, "work does not answer for quay.example yet") {
		t.Errorf("%q, %v", errs, err)
	}
}

// TestDockersHelperIsLinkedIntoPath: docker looks for it by its name.
func TestDockersHelperIsLinkedIntoPath(t *testing.T) {
	w := start(t, `hosts = ["ghcr.example"]`)
	self := w.dir("plain") + "/authtray"
	found, err := exec.LookPath("authtray")
	if err == nil {
		found, err = filepath.EvalSymlinks(found)
	}
	if err == nil {
		err = os.Link(found, self)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.path(withoutHelpers(w))
	_, _, errs := w.fails("", self, "setup", "docker", "work", "--write")
	if !strings.Contains(errs, "ln -s "+self+" "+w.home+"/plain/docker-credential-authtray") {
		t.Errorf("no folder of PATH can be written: %q", errs)
	}
	w.oneSentence(errs)
	w.path(w.dir(".local/bin") + ":" + withoutHelpers(w))
	w.run(self, "setup", "docker", "work", "--write")
	if out := w.given("ghcr.example", w.home+"/.local/bin/docker-credential-authtray", "get"); !strings.Contains(out, `"Username":"ada"`) {
		t.Errorf("%d bytes", len(out))
	}
}

func TestSetupSaysWhatIsWrong(t *testing.T) {
	w := start(t, `hosts = ["ghcr.example"]`)
	for want, args := range map[string][]string{
		"it is: authtray setup git, docker": {"setup"},
		"unknown command":                   {"setup", "emacs", "work"},
		"wants the NAME":                    {"setup", "git"},
		"nobody":                            {"setup", "git", "nobody"},
		"not a usable name":                 {"setup", "git", "../x"},
		"--registry is the https URL":       {"setup", "npm", "work", "--registry", "http://npm.example"},
		"--index is the https URL":          {"setup", "pip", "work"},
		"say which role":                    {"setup", "aws", "work"},
		"say whose mailbox":                 {"setup", "msmtp", "work"},
	} {
		_, out, errs := w.fails("", "authtray", args...)
		if !strings.Contains(errs, want) || out != "" {
			t.Errorf("%q: %q, %q; want %q", args, out, errs, want)
		}
		w.oneSentence(errs)
	}
}
