//go:build unix && !darwin

package address

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestAgentIsFoundByTheEnvironment(t *testing.T) {
	noSession := "/state/run/agent.sock"
	if dir := "/run/user/" + strconv.Itoa(os.Getuid()); ours(dir) {
		noSession = dir + "/authtray/agent.sock"
	}
	for name, c := range map[string]struct {
		env  string
		want string
	}{
		"the session's folder":     {"XDG_RUNTIME_DIR=/run/me", "/run/me/authtray/agent.sock"},
		"a profile has its own":    {"XDG_RUNTIME_DIR=/run/me AUTHTRAY_PROFILE=work", "/run/me/authtray-work/agent.sock"},
		"one place named":          {"XDG_RUNTIME_DIR=/run/me AUTHTRAY_PROFILE=work AUTHTRAY_SOCKET=/s", "/s"},
		"relative ones are void":   {"XDG_RUNTIME_DIR=run AUTHTRAY_STATE=/state", noSession},
		"no session at all":        {"AUTHTRAY_STATE=/state", noSession},
		"a profile stays in place": {"XDG_RUNTIME_DIR=/run/me AUTHTRAY_PROFILE=../x", ""},
	} {
		for _, name := range []string{"XDG_RUNTIME_DIR", "XDG_STATE_HOME", "AUTHTRAY_PROFILE", "AUTHTRAY_SOCKET", "AUTHTRAY_STATE"} {
			t.Setenv(name, "")
		}
		for set := range strings.FieldsSeq(c.env) {
			key, value, _ := strings.Cut(set, "=")
			t.Setenv(key, value)
		}
		got, err := Agent()
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestStateFolderFollowsXDG(t *testing.T) {
	t.Setenv("AUTHTRAY_STATE", "")
	t.Setenv("HOME", "/home/ada")
	for value, want := range map[string]string{
		"/st":    "/st/authtray",
		"st":     "/home/ada/.local/state/authtray",
		"":       "/home/ada/.local/state/authtray",
		"/a/b/c": "/a/b/c/authtray",
	} {
		t.Setenv("XDG_STATE_HOME", value)
		if got, err := stateDir("authtray"); got != want || err != nil {
			t.Errorf("XDG_STATE_HOME=%q: %q, %v", value, got, err)
		}
	}
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("HOME", "")
	if _, err := stateDir("authtray"); err == nil {
		t.Error("no home is an error that says what to set")
	}
}
