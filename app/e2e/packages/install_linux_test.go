// Package packages tries what puts the program's files in their places, with
// stand-ins for what a build makes. `make package-test` tries the packages
// themselves, in a Debian of their own.
package packages

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// place is a PREFIX, and a build to be installed there.
type place struct {
	*testing.T
	prefix, build string
}

func newPlace(t *testing.T) place {
	p := place{T: t, prefix: filepath.Join(t.TempDir(), "a prefix & more"), build: t.TempDir()}
	for _, name := range []string{"authtray-window", "completions/bash", "completions/zsh", "completions/fish", "copyright", "man/authtray.1", "man/authtray-open.1"} {
		p.built(name, name)
	}
	p.built("authtray", strings.Repeat("first version\n", 2000))
	return p
}

func (p place) built(name, text string) {
	p.Helper()
	file := filepath.Join(p.build, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
		p.Fatal(err)
	}
}

// run runs assets/packaging/install, after what the shell is to do first.
func (p place) run(first string, env []string, args ...string) (said string, err error) {
	cmd := exec.Command("bash", append([]string{"-c", first + ` exec assets/packaging/install "$@"`, "install"}, args...)...)
	cmd.Dir = "../../.."
	cmd.Env = append(append(os.Environ(), "OUT="+p.build), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (p place) files() (all []string) {
	p.Helper()
	err := filepath.WalkDir(p.prefix, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, strings.TrimPrefix(path, p.prefix+"/"))
		}
		return err
	})
	if err != nil {
		p.Fatal(err)
	}
	return all
}

func (p place) program() string {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(p.prefix, "bin/authtray"))
	if err != nil {
		p.Fatal(err)
	}
	return string(text[:7])
}

func TestInstallPutsEveryFileInItsPlaceAndRemoveTakesThemAllAway(t *testing.T) {
	p := newPlace(t)
	said, err := p.run("", nil, "put", p.prefix)
	if err != nil || !strings.Contains(said, "export PATH=\""+p.prefix+"/bin:$PATH\"") || !strings.Contains(said, "authtray doctor") {
		t.Errorf("%v: %s", err, said)
	}
	got := p.files()
	for _, want := range []string{
		"bin/authtray", "bin/authtray-window", "bin/git-credential-authtray", "share/applications/authtray.desktop", "share/man/man1/authtray.1.gz",
		"share/metainfo/io.github.authtray.Authtray.metainfo.xml", "share/icons/hicolor/scalable/apps/authtray.svg", "share/doc/authtray/copyright",
		"share/bash-completion/completions/authtray", "share/zsh/site-functions/_authtray", "share/fish/vendor_completions.d/authtray.fish",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("there is no %s", want)
		}
	}
	unit, err := os.ReadFile(filepath.Join(p.prefix, "share/systemd/user/authtray.service"))
	if err != nil || !bytes.Contains(unit, []byte("ExecStart=\""+p.prefix+"/bin/authtray\" run")) {
		t.Errorf("the unit starts something else: %v %s", err, unit)
	}
	home := t.TempDir()
	surroundings := []string{"HOME=" + home, "XDG_CONFIG_HOME=", "XDG_STATE_HOME="}
	if err := os.MkdirAll(filepath.Join(home, ".config/authtray"), 0o700); err != nil {
		t.Fatal(err)
	}
	if said, err := p.run("", surroundings, "remove", p.prefix); err != nil || !strings.Contains(said, "stays: "+home+"/.config/authtray, the keychain's items") || !strings.Contains(said, "authtray purge") {
		t.Errorf("%v: %s", err, said)
	}
	if left := p.files(); left != nil {
		t.Errorf("left behind: %v", left)
	}
	if err := os.RemoveAll(filepath.Join(home, ".config")); err != nil { // as purge does
		t.Fatal(err)
	}
	if said, err := p.run("", surroundings, "remove", p.prefix); err != nil || !strings.Contains(said, "no folders of Authtray's in "+home) || strings.Contains(said, "stays") {
		t.Errorf("%v: %s", err, said)
	}
}

func TestRemoveNamesWhatStillRunsOfIt(t *testing.T) {
	p := newPlace(t)
	if said, err := p.run("", nil, "put", p.prefix); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	sleep, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	program, other := filepath.Join(p.prefix, "bin/authtray"), filepath.Join(t.TempDir(), "authtray")
	var running []*exec.Cmd
	for _, path := range []string{program, other} {
		if err := os.WriteFile(path, sleep, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "600")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		running = append(running, cmd)
	}
	said, err := p.run("", nil, "remove", p.prefix)
	told := regexp.MustCompile(`It still runs, until you end it:  (kill (\d+))\n`).FindStringSubmatch(said)
	if err != nil || told == nil || told[2] != strconv.Itoa(running[0].Process.Pid) {
		t.Fatalf("%v: %s", err, said)
	}
	if out, err := exec.Command("bash", "-c", told[1]).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v %s", told[1], err, out)
	}
	if err := running[0].Wait(); err == nil {
		t.Error("it ended by itself")
	}
}

// TestInstalledFilesAreForEverybody: a root whose own files are closed to others
// installs for others all the same.
func TestInstalledFilesAreForEverybody(t *testing.T) {
	p := newPlace(t)
	if said, err := p.run("umask 077;", nil, "put", p.prefix); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	err := filepath.WalkDir(p.prefix, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o044 != 0o044 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestUpdateSaysHowTheAgentIsReplaced(t *testing.T) {
	p := newPlace(t)
	if said, err := p.run("", nil, "put", p.prefix); err != nil || strings.Contains(said, "--replace") {
		t.Errorf("%v: %s", err, said)
	}
	p.built("authtray", "second version")
	if said, err := p.run("", nil, "put", p.prefix); err != nil || !strings.Contains(said, "authtray run --replace") || p.program() != "second " {
		t.Errorf("%v, %q: %s", err, p.program(), said)
	}
}

// TestInstallationThatFailsHalfwayLeavesTheOldVersion limits the size of a file, which
// ends in the same way as a disk that is full.
func TestInstallationThatFailsHalfwayLeavesTheOldVersion(t *testing.T) {
	for _, c := range []struct{ name, first, large string }{
		{"at the first file", "ulimit -f 20;", "authtray"},
		{"at the last file", "ulimit -f 60;", "copyright"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			if said, err := p.run("", nil, "put", p.prefix); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			before := p.files()
			p.built("authtray", "second version")
			p.built(c.large, strings.Repeat("second version\n", 20000))
			said, err := p.run(c.first, nil, "put", p.prefix)
			if err == nil || !strings.Contains(said, "what was installed before is as it was") {
				t.Errorf("%v: %s", err, said)
			}
			if p.program() != "first v" || !slices.Equal(p.files(), before) {
				t.Errorf("the program begins with %q, and there are %v", p.program(), p.files())
			}
		})
	}
}

// TestUpdateOnAFullDiskLeavesTheOldVersion fills a small disk of its own. Root may mount
// one, and anybody else in a user namespace, where those are allowed.
func TestUpdateOnAFullDiskLeavesTheOldVersion(t *testing.T) {
	p := newPlace(t)
	unshare := []string{"--mount"}
	if os.Getuid() != 0 {
		unshare = append(unshare, "--user", "--map-root-user")
	}
	if out, err := exec.Command("unshare", append(unshare, "true")...).CombinedOutput(); err != nil {
		bustest.Lacks(t, "a way to mount a disk of its own ("+strings.TrimSpace(string(out))+")")
	}
	next := newPlace(t)
	next.built("authtray", "second version")
	script := `
		mkdir -p "$1"; mount -t tmpfs -o size=1m tmpfs "$1"
		assets/packaging/install put "$1" >/dev/null
		head -c 1m /dev/zero >"$1/filler" 2>/dev/null || true
		ls -R "$1" >"$3/before"
		OUT=$2 assets/packaging/install put "$1" && exit 9
		ls -R "$1" >"$3/after"
		cp "$1/bin/authtray" "$3/program"`
	out := t.TempDir()
	cmd := exec.Command("unshare", append(unshare, "bash", "-ec", script, "full", p.prefix, next.build, out)...)
	cmd.Dir, cmd.Env = "../../..", append(os.Environ(), "OUT="+p.build)
	said, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(said, []byte("No space left on device")) || !bytes.Contains(said, []byte("what was installed before is as it was")) {
		t.Errorf("%v: %s", err, said)
	}
	var texts [3]string
	for i, name := range []string{"before", "after", "program"} {
		text, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		texts[i] = string(text)
	}
	if texts[0] != texts[1] || !strings.HasPrefix(texts[2], "first version") {
		t.Errorf("the program begins with %.20q; before:\n%s\nafter:\n%s", texts[2], texts[0], texts[1])
	}
}

// TestPrefixOfSomebodyElseIsRefused: root may write everywhere, so there nobody asks.
func TestPrefixOfSomebodyElseIsRefused(t *testing.T) {
	script, err := os.ReadFile("../../../assets/packaging/install")
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "/usr"
	cmd := exec.Command("bash", "-s", "--", "check", prefix)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	cmd.Dir, cmd.Stdin = "/", bytes.NewReader(script) // its folder may be closed to others
	said, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "You may not write to "+prefix) || !strings.Contains(string(said), "make install PREFIX=~/.local") {
		t.Errorf("%v: %s", err, said)
	}
}

func TestPrefixThatCannotBeWrittenIsRefusedBeforeAnythingIsBuilt(t *testing.T) {
	p := newPlace(t)
	file := filepath.Join(p.build, "copyright")
	for _, prefix := range []string{filepath.Join(file, "usr"), "/proc/authtray"} {
		t.Run(filepath.Base(prefix), func(t *testing.T) {
			said, err := p.run("", nil, "check", prefix)
			if err == nil || !strings.Contains(said, "make install PREFIX=~/.local") {
				t.Errorf("%v: %s", err, said)
			}
		})
	}
	if said, err := p.run("", nil, "check", p.prefix); err != nil {
		t.Errorf("%v: %s", err, said)
	}
}

func TestAnotherAuthtrayThatComesFirstInPathIsNamed(t *testing.T) {
	p := newPlace(t)
	other := filepath.Join(t.TempDir(), "authtray")
	if err := os.WriteFile(other, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Dir(other) + ":" + p.prefix + "/bin:" + os.Getenv("PATH")
	said, err := p.run("", []string{"PATH=" + path}, "put", p.prefix)
	if err != nil || !strings.Contains(said, "Another one comes first in your PATH: "+other) || strings.Contains(said, "export PATH") {
		t.Errorf("%v: %s", err, said)
	}
}
