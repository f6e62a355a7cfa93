package setup

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/shellquote"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func isClash(err error) bool {
	var c *Clash
	return errors.As(err, &c)
}

func TestBlocksAreAddedOnce(t *testing.T) {
	section := block{lines: []string{"[mine]", "a = 1"}, about: "[mine]", mine: func(l string) bool { return l == "[mine]" }}
	for _, c := range []struct {
		name, before, after string
		clash               bool
	}{
		{"no file", "", "[mine]\na = 1\n", false},
		{"something else", "[other]\nb = 2\n", "[other]\nb = 2\n\n[mine]\na = 1\n", false},
		{"no end of line", "[other]", "[other]\n\n[mine]\na = 1\n", false},
		{"there already", "[mine]\n  a = 1\n[other]\n", "[mine]\n  a = 1\n[other]\n", false},
		{"there already, from Windows", "[mine]\r\na = 1\r\n", "[mine]\r\na = 1\r\n", false},
		{"otherwise", "[mine]\na = 2\n", "[mine]\na = 2\n", true},
		{"cut short", "[mine]", "[mine]", true},
	} {
		path := filepath.Join(t.TempDir(), "folder", "config")
		if c.before != "" {
			os.Mkdir(filepath.Dir(path), 0o700)
			write(t, path, c.before)
		}
		section.path = path
		changed, err := section.Write(t.Context())
		if got := read(t, path); got != c.after || isClash(err) != c.clash || changed != (c.after != c.before) {
			t.Errorf("%s: %q, %v, %v", c.name, got, changed, err)
		}
	}
}

func TestFilesKeepTheirModeAndTheirLink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links take a privilege on Windows")
	}
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	write(t, real, "x\n")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if err := replace(link, "y\n"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&os.ModeSymlink == 0 || read(t, real) != "y\n" {
		t.Errorf("the link of a dotfile manager is gone: %v", err)
	}
	if info, _ := os.Stat(real); info.Mode().Perm() != 0o640 {
		t.Errorf("%v", info.Mode())
	}
	fresh := filepath.Join(dir, "fresh")
	if err := replace(fresh, "z\n"); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(fresh); info.Mode().Perm() != 0o600 {
		t.Errorf("%v", info.Mode())
	}
}

func TestDockersConfigurationKeepsWhatIsThere(t *testing.T) {
	for _, c := range []struct {
		name, before string
		after        string // "": as before
		clash        bool
	}{
		{"no file", "", `{"credHelpers":{"ghcr.example":"authtray"}}`, false},
		{"empty", " \n", `{"credHelpers":{"ghcr.example":"authtray"}}`, false},
		{"others", `{"auths":{"x":{"auth":"YQ=="}},"big":12345678901234567890,"credHelpers":{"gcr.io":"gcloud"},"credsStore":"pass"}`,
			`{"auths":{"x":{"auth":"YQ=="}},"big":12345678901234567890,"credHelpers":{"gcr.io":"gcloud","ghcr.example":"authtray"},"credsStore":"pass"}`, false},
		{"null", `{"credHelpers":null}`, `{"credHelpers":{"ghcr.example":"authtray"}}`, false},
		{"there already", `{"credHelpers":{"ghcr.example":"authtray"}}`, "", false},
		{"another helper", `{"credHelpers":{"ghcr.example":"pass"}}`, "", true},
		{"broken", `{"credHelpers":`, "", true},
		{"a list", `[]`, "", true},
		{"nothing", `null`, "", true},
	} {
		path := filepath.Join(t.TempDir(), "config.json")
		if c.before != "" {
			write(t, path, c.before)
		}
		_, err := credHelper{path, "ghcr.example"}.Write(t.Context())
		got := read(t, path)
		want := c.after
		if want == "" {
			want = c.before
		} else {
			got = compact(t, got)
		}
		if got != want || isClash(err) != c.clash {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var v map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestProgramsWithOddPathsAreCalledAllTheSame: a path with a blank, for every
// tool whose configuration holds it.
func TestProgramsWithOddPathsAreCalledAllTheSame(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the lines are PowerShell's there, which package shellquote tests")
	}
	p := Plan{Program: "/opt/my tools/authtray", Name: "work", Home: "/home/ada", Hosts: []string{"git.example/acme"}, Env: func(string) string { return "" }}
	for want, steps := range map[string][]Step{
		`!'\''/opt/my tools/authtray'\'' helper git`:                                 Git(p),
		`git config --global credential.https://git.example.useHttpPath true`:        Git(p),
		`'--exec-command=/opt/my tools/authtray' --exec-arg=helper`:                  Kubectl(p, false),
		`--exec-arg=work --exec-arg=--id-token`:                                      Kubectl(p, true),
		`credential_process = "/opt/my tools/authtray" helper aws work --role-arn x`: AWS(p, []string{"--role-arn", "x"}),
		`passwordeval "'/opt/my tools/authtray' token work"`:                         Msmtp(p, Mailbox{"a", "b", 465, "xoauth2"}),
		`tls_starttls off`: Msmtp(p, Mailbox{"a", "b", 465, "xoauth2"}),
		`'/opt/my tools/authtray' exec work --var NPM_TOKEN -- npm install`: Npm(p, "https://npm.example/"),
		`//npm.example/:_authToken=${NPM_TOKEN}`:                            Npm(p, "https://npm.example/"),
	} {
		var all []string
		for _, s := range steps {
			all = append(all, s.Lines()...)
		}
		if text := strings.Join(all, "\n"); !strings.Contains(text, want) {
			t.Errorf("%s\nis not in\n%s", want, text)
		}
	}
}

// TestLinesForWindowsAreReadByItsShells: what is printed there is typed into
// PowerShell, and where cmd.exe wants it otherwise a comment has that.
func TestLinesForWindowsAreReadByItsShells(t *testing.T) {
	program := `C:\Program Files\Authtray\authtray.exe`
	p := Plan{Program: program, Name: "work"}
	l := link{name: "docker-credential-authtray", self: program, dirs: []string{"bin"}}
	exe := filepath.Join("bin", "docker-credential-authtray.exe")
	var curled []string
	for _, s := range curl(shellquote.PowerShell, p, `\\.\pipe\authtray`, "api.example.org") {
		curled = append(curled, s.Lines()...)
	}
	for _, row := range []struct {
		name      string
		got, want []string
	}{
		{"a path with a blank", typedLines(shellquote.PowerShell, program, "token", "work"),
			[]string{"& '" + program + "' token work", `# in cmd.exe:  "` + program + `" token work`}},
		{"an argument with a blank", typedLines(shellquote.PowerShell, "kubectl", "--exec-command="+program),
			[]string{"kubectl '--exec-command=" + program + "'", `# in cmd.exe:  kubectl "--exec-command=` + program + `"`}},
		{"the same for both", typedLines(shellquote.PowerShell, "kubectl", "get", "pods"), []string{"kubectl get pods"}},
		{"POSIX", typedLines(shellquote.POSIX, "a b"), []string{"'a b'"}},
		{"helper of docker's", l.lines(shellquote.PowerShell),
			[]string{"New-Item -ItemType HardLink -Path " + shellquote.Word(shellquote.PowerShell, exe) + " -Target '" + program + "'",
				"# in cmd.exe:  mklink /H " + shellquote.Word(shellquote.Cmd, exe) + ` "` + program + `"`}},
		{"curl", curled, []string{"# with the token in a header that no list of processes shows:",
			"& '" + program + "' token work --format header | curl.exe -H '@-' https://api.example.org/PATH",
			`# in cmd.exe:  "` + program + `" token work --format header | curl -H @- https://api.example.org/PATH`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if !slices.Equal(row.got, row.want) {
				t.Errorf("%q\nwant %q", row.got, row.want)
			}
		})
	}
}

func TestLinksAreFoundByTheirName(t *testing.T) {
	self := filepath.Join(t.TempDir(), "authtray")
	if err := os.WriteFile(self, []byte("program"), 0o700); err != nil {
		t.Fatal(err)
	}
	for goos, name := range map[string]string{"windows": "helper.exe", "linux": "helper"} {
		t.Run(goos, func(t *testing.T) {
			if goos != "windows" && runtime.GOOS == "windows" {
				t.Skip("symbolic links take a privilege on Windows")
			}
			dir := t.TempDir()
			if err := (link{self: self}).make(goos, filepath.Join(dir, "helper")); err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(filepath.Join(dir, name)); string(text) != "program" {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
}

func TestGoCommandsAreAddedBehindThoseThatAreThere(t *testing.T) {
	for has, want := range map[string]string{"": "netrc; a b", "netrc": "netrc; a b", "netrc;a b": "netrc;a b", "a b; c": "a b; c", "a bc": "a bc; a b"} {
		if got := added(has, "a b"); got != want {
			t.Errorf("%q: %q", has, got)
		}
	}
}

func TestKeyInGitsConfigurationHasTheSchemeOfTheHost(t *testing.T) {
	for _, row := range []struct {
		host  string
		https bool
		key   string
	}{
		{"git.example.org", false, "credential.https://git.example.org.helper"},
		{"127.0.0.1:3000", false, "credential.http://127.0.0.1:3000.helper"},
		{"localhost:3000", false, "credential.http://localhost:3000.helper"},
		{"127.0.0.1:8443", true, "credential.https://127.0.0.1:8443.helper"},
		{"localhost:8443", true, "credential.https://localhost:8443.helper"},
	} {
		t.Run(row.key, func(t *testing.T) {
			var lines []string
			for _, s := range Git(Plan{Name: "work", Hosts: []string{row.host}, HTTPS: row.https}) {
				lines = append(lines, s.Lines()...)
			}
			if text := strings.Join(lines, "\n"); !strings.Contains(text, row.key+" ") {
				t.Errorf("%s is not in\n%s", row.key, text)
			}
		})
	}
}
