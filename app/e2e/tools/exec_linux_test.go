package tools

import (
	"os"
	"strings"
	"testing"
)

// TestExecGivesTheTokenToOneVariableOfOneProgram looks at the program that took
// authtray's place: its environment, and its arguments as everyone can read them.
func TestExecGivesTheTokenToOneVariableOfOneProgram(t *testing.T) {
	w := start(t)
	token := w.token("work")
	const show = `tr '\0' '\n' < /proc/self/environ; tr '\0' ' ' < /proc/$$/cmdline`
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"exec", "work", "--", "sh", "-c", show}, "ACCESS_TOKEN"},
		{[]string{"exec", "work", "--var", "NPM_TOKEN", "--", "sh", "-c", show}, "NPM_TOKEN"},
		{[]string{"exec", "--var=A_1", "work", "--", "sh", "-c", show}, "A_1"},
	} {
		out := w.with("NPM_TOKEN=old", "KEPT=yes").run("authtray", c.args...)
		if strings.Count(out, token) != 1 || !strings.Contains(out, c.want+"="+token+"\n") || !strings.Contains(out, "KEPT=yes\n") {
			t.Errorf("%q: the token stands %d times", c.args, strings.Count(out, token))
		}
		if c.want == "NPM_TOKEN" && strings.Contains(out, "NPM_TOKEN=old") {
			t.Error("the variable stands twice")
		}
	}
}

func TestExecEndsAsTheCommandDoes(t *testing.T) {
	w := start(t)
	for want, args := range map[int][]string{
		7:   {"exec", "work", "--", "sh", "-c", "exit 7"},
		127: {"exec", "work", "--", "no-such-program"},
		2:   {"exec", "work"},
		9:   {"exec", "work", "sh", "-c", "exit 9"},
		1:   {"exec", "nobody", "--", "true"},
	} {
		code, out, errs := w.fails("", "authtray", args...)
		if code != want || out != "" {
			t.Errorf("%q: %d, %q", args, code, out)
		}
		if want != 7 && want != 9 {
			w.oneSentence(errs)
		}
	}
	code, _, errs := w.fails("", "authtray", "exec", "work", "--var", "A=B", "--", "true")
	if code != 2 || !strings.Contains(errs, "--var") {
		t.Errorf("%d, %q", code, errs)
	}
	if out := w.given("on stdin", "authtray", "exec", "work", "--", "cat"); out != "on stdin" {
		t.Errorf("%q", out)
	}
	w.file("plain", "#!/nonexistent\n")
	os.Chmod(w.home+"/plain", 0o700)
	if code, _, _ := w.fails("", "authtray", "exec", "work", "--", "./plain"); code != 126 {
		t.Errorf("a program that cannot be run: %d", code)
	}
	w.dead("ada")
	if code, _, errs := w.fails("", "authtray", "exec", "work", "--", "true"); code != 3 || !strings.Contains(errs, "authtray connect work") {
		t.Errorf("%d, %q", code, errs)
	}
}

// TestExecTakesTheProvidersVariable: it stands in the provider's entry.
func TestExecTakesTheProvidersVariable(t *testing.T) {
	w := start(t, "[override.api]", `env = "PRACTICE_TOKEN"`)
	if out := w.run("authtray", "exec", "work", "--", "sh", "-c", "echo $PRACTICE_TOKEN"); strings.TrimSpace(out) != w.token("work") {
		t.Error("the variable of the entry is not set")
	}
}
