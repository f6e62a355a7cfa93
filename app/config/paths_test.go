package config

import (
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestWhereAProfileLives(t *testing.T) {
	for _, c := range []struct {
		name, goos    string
		env           map[string]string
		config, state string
	}{
		{"linux", "linux", nil, "/home/ada/.config/authtray", "/home/ada/.local/state/authtray"},
		{"linux with XDG", "linux", map[string]string{"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}, "/c/authtray", "/s/authtray"},
		{"relative XDG is ignored", "linux", map[string]string{"XDG_CONFIG_HOME": "c"}, "/home/ada/.config/authtray", "/home/ada/.local/state/authtray"},
		{"a profile", "linux", map[string]string{"AUTHTRAY_PROFILE": "practice"}, "/home/ada/.config/authtray-practice", "/home/ada/.local/state/authtray-practice"},
		{"overrides", "linux", map[string]string{"AUTHTRAY_CONFIG": "/x", "AUTHTRAY_STATE": "/y", "AUTHTRAY_PROFILE": "p"}, "/x", "/y"},
		{"macOS", "darwin", map[string]string{"XDG_CONFIG_HOME": "/c"}, "/home/ada/Library/Application Support/authtray", "/home/ada/Library/Application Support/authtray/state"},
		{"macOS, a profile", "darwin", map[string]string{"AUTHTRAY_PROFILE": "p"}, "/home/ada/Library/Application Support/authtray-p", "/home/ada/Library/Application Support/authtray-p/state"},
		{"Windows", "windows", map[string]string{"AppData": "/roaming", "LocalAppData": "/local"}, "/roaming/authtray", "/local/authtray"},
		{"Windows, redirected to a server", "windows", map[string]string{"AppData": "//server/home/ada/AppData", "LocalAppData": "/local"}, "//server/home/ada/AppData/authtray", "/local/authtray"},
	} {
		if c.goos == "linux" && c.env != nil && runtime.GOOS == "windows" {
			continue // a path of Linux is not absolute there
		}
		p, err := resolve(surroundings{goos: c.goos, home: "/home/ada", getenv: func(k string) string { return c.env[k] }})
		if err != nil || p.Config != filepath.Clean(filepath.FromSlash(c.config)) || p.State != filepath.FromSlash(c.state) {
			t.Errorf("%s: %+v, %v", c.name, p, err)
		}
	}
}

func TestTheKeychainsLockFollowsTheUserAndTheProfileAlone(t *testing.T) {
	lock := func(env map[string]string) string {
		p, err := resolve(surroundings{goos: "darwin", home: "/home/ada", getenv: func(k string) string { return env[k] }})
		if err != nil {
			t.Fatal(err)
		}
		return filepath.ToSlash(p.KeychainLock())
	}
	for want, env := range map[string]map[string]string{
		"/home/ada/Library/Application Support/authtray/state/keychain.lock":   {"AUTHTRAY_STATE": "/y", "AUTHTRAY_CONFIG": "/x", "AUTHTRAY_SOCKET": "/z"},
		"/home/ada/Library/Application Support/authtray-p/state/keychain.lock": {"AUTHTRAY_STATE": "/y", "AUTHTRAY_PROFILE": "p"},
	} {
		if got := lock(env); got != want {
			t.Errorf("%v: %s, want %s", env, got, want)
		}
	}
	if got := filepath.ToSlash(Paths{State: "/y"}.KeychainLock()); got != "/y/keychain.lock" {
		t.Errorf("without a home: %s", got)
	}
}

func TestPathsThatCannotBeKnownSayWhatToSet(t *testing.T) {
	for _, env := range []map[string]string{
		nil,
		{"AUTHTRAY_PROFILE": "../elsewhere"},
		{"AUTHTRAY_PROFILE": "Upper"},
	} {
		_, err := resolve(surroundings{goos: "linux", getenv: func(k string) string { return env[k] }})
		if err == nil || !strings.Contains(err.Error(), "HOME") && !strings.Contains(err.Error(), "AUTHTRAY_PROFILE") {
			t.Errorf("%v: %v", env, err)
		}
	}
}

func TestAProfileIsAWorldOfItsOwn(t *testing.T) {
	t.Setenv("HOME", "/home/ada")
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/1")
	for _, v := range []string{"AUTHTRAY_CONFIG", "AUTHTRAY_STATE", "AUTHTRAY_SOCKET", "XDG_CONFIG_HOME", "XDG_STATE_HOME"} {
		t.Setenv(v, "")
	}
	one, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AUTHTRAY_PROFILE", "practice")
	two, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	if one.Config == two.Config || one.State == two.State || one.Socket == two.Socket || one.Service() == two.Service() || one.Lock() == two.Lock() {
		t.Errorf("%+v and %+v share something", one, two)
	}
	if two.Service() != "authtray-practice" {
		t.Errorf("the keychain service is %q", two.Service())
	}
}

func TestNames(t *testing.T) {
	for name, good := range map[string]bool{
		"work": true, "a": true, "0": true, "git.example.org": true, "a_b-c": true, "console": true, "com10": true, "compass": true,
		strings.Repeat("x", 64): true, strings.Repeat("x", 65): false,
		"": false, "-a": false, ".a": false, "A": false, "a b": false, "a/b": false, "ä": false, "a\n": false,
		"con": false, "nul.txt": false, "com1": false, "lpt9.x": false,
	} {
		if err := CheckName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestWithoutAppDataWindowsIsToldWhatToSet(t *testing.T) {
	for _, env := range []map[string]string{nil, {"AppData": "/roaming"}, {"LocalAppData": "/local"}} {
		_, err := resolve(surroundings{goos: "windows", home: "/home/ada", getenv: func(k string) string { return env[k] }})
		if !errors.Is(err, errNoAppData) {
			t.Errorf("%v: %v", env, err)
		}
	}
}
