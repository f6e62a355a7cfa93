package setup

import (
	"os/exec"
	"strings"
	"testing"
)

func TestGitWSLNamesTheProgramAsWSLSeesIt(t *testing.T) {
	for _, row := range []struct{ name, program, path string }{
		{"plain", `C:\Programs\authtray.exe`, "/mnt/c/Programs/authtray.exe"},
		{"blanks, umlauts, CJK and a quote", `D:\Users\Jürgen O'Neil 日本\$x\authtray.exe`, "/mnt/d/Users/Jürgen O'Neil 日本/$x/authtray.exe"},
	} {
		t.Run(row.name, func(t *testing.T) {
			steps, err := GitWSL(Plan{Name: "work", Hosts: []string{"github.com"}, HTTPS: true}, row.program)
			if err != nil {
				t.Fatal(err)
			}
			lines := steps[0].Lines()
			if len(lines) != 2 || lines[0] != "git config --global credential.https://github.com.helper ''" ||
				!strings.HasPrefix(lines[1], "git config --global --add credential.https://github.com.helper ") {
				t.Fatalf("%s", strings.Join(lines, "\n"))
			}
			if strings.ContainsAny(strings.Join(lines, ""), "\r\n") || Writable(steps) {
				t.Error("these are no lines to be typed")
			}
			sh, err := exec.LookPath("sh")
			if err != nil {
				t.Skip("no sh here")
			}
			// The shell there, and then the one that git starts, read it back.
			out, err := exec.Command(sh, "-c", `git() { shift 4; eval "set -- ${1#!}"; printf '%s|%s|%s' "$1" "$2" "$3"; }; `+lines[1]).Output()
			if want := row.path + "|helper|git"; err != nil || string(out) != want {
				t.Errorf("%v: %q, want %q", err, out, want)
			}
		})
	}
}

func TestGitWSLRefusesWhatIsOnNoDrive(t *testing.T) {
	for _, program := range []string{`\\server\share\authtray.exe`, "authtray", `C:authtray.exe`, "/usr/bin/authtray"} {
		t.Run(program, func(t *testing.T) {
			if _, err := GitWSL(Plan{Hosts: []string{"github.com"}}, program); err == nil || !strings.Contains(err.Error(), "drive") {
				t.Errorf("%v", err)
			}
		})
	}
}
