package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/version"
	"github.com/authtray/authtray/providers/practice/practicetest"
)

// Whatever we tell a person to type is typed here, in bash, with the practice
// provider in the place of GitHub and of the company's server. TestMain is the
// program authtray itself.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "authtray" {
		os.Exit(RunCommands(version.Build{Version: "test"}, nil))
	}
	os.Exit(m.Run())
}

// onlyParsed are the lines that are not run, by how they begin, and why. Those of
// authtray are parsed by the real commands all the same.
var onlyParsed = []struct{ begin, why string }{
	{"make ", "it builds the program; the tests of the whole run `make run` and `make install`"},
	{"git clone ", "it wants the network"},
	{"ssh ", "it wants another machine; app/e2e/tools forwards the socket"},
	{"AUTHTRAY_SOCKET=", "it is typed on that other machine"},
	{"export AUTHTRAY_PROFILE=practice", "it chooses the profile of `make run`"},
	{"authtray run", "an agent runs here already; app/e2e/commands starts and replaces it"},
	{"authtray quit", "the agent is the test's own process; app/e2e/commands ends it"},
	{"authtray support", "it writes into the folder that the test runs in; app/e2e/commands runs it"},
	{"authtray purge", "it removes what the other lines made; app/e2e/commands runs it"},
	{"authtray open", "it wants a screen; app/e2e/window opens it"},
	{"authtray window", "it wants a screen; app/e2e/window opens it"},
	{"authtray autostart", "it changes the desktop's login; app/e2e/desktop does it"},
	{"authtray doctor", "what it finds wrong here is true; app/e2e/commands runs it"},
	{"authtray watch", "it ends only with the agent; app/e2e/commands runs it"},
	{"authtray log --follow", "it ends only with the agent; app/e2e/commands runs it"},
	{"authtray helper aws", "it wants an STS; app/e2e/tools runs it with the AWS CLI"},
	{"authtray helper kubectl", "kubectl says on its standard input what it wants; app/e2e/tools runs kubectl"},
	{"authtray allow", "who asks is a matter of ask = true; app/e2e/commands answers it"},
	{"authtray completion powershell", "PowerShell is not here"},
	{"authtray connect work --paste", "a person pastes; app/e2e/commands does"},
	{"authtray mcp notion", "an AI client speaks to it on its standard input; app/e2e/tools runs clients"},
	{"authtray token gateway", "gateway stands for a connection to any gateway"},
	{"authtray providers gitlab --check", "it asks that server; app/cli/providers_test.go asks one of this machine"},
	{"kubectl ", "it wants a configuration that exists; app/e2e/tools runs it"},
}

// standIns are programs of other people that are not run here: app/e2e/tools runs
// those that this machine can have. Each must be called with what its line says.
var standIns = []string{"claude", "gh", "npm", "pip", "pass", "kubectl"}

// docsWorld is a person's shell in a world.
type docsWorld struct {
	*world
	home     string
	internet *httptest.Server // the company's API, GitHub's, and so on
}

// newDocsWorld starts one, with GitHub's entry pointing at the practice provider.
func newDocsWorld(t *testing.T) *docsWorld {
	t.Helper()
	d := &docsWorld{home: t.TempDir()}
	api := &httputil.ReverseProxy{}
	d.internet = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { api.ServeHTTP(w, r) }))
	t.Cleanup(d.internet.Close)
	d.world = newWorld(t, map[string]string{"github.toml": ""})
	at, err := url.Parse(d.provider.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	api.Rewrite = func(r *httputil.ProxyRequest) {
		r.SetURL(at)
		if r.Out.URL.Path = "/api/echo"; strings.HasSuffix(r.In.URL.Path, "/me") || strings.HasSuffix(r.In.URL.Path, "/user") {
			r.Out.URL.Path = "/api/whoami"
		}
	}
	github := strings.NewReplacer("ISSUER", d.provider.Issuer, "API", d.internet.URL).Replace(`id = "github"
name = "GitHub"
authorize = "ISSUER/authorize"
token = "ISSUER/token"
device = "ISSUER/device_authorization"
client = { auth = "none", secret = "web_only" }
api = { base = "API", git = ["github.com"], env = "GITHUB_TOKEN" }
whoami = { url = "ISSUER/userinfo", label = ["preferred_username"] }
`)
	if err := os.WriteFile(filepath.Join(d.paths.Providers(), "github.toml"), []byte(github), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "GitHub is here", func() bool {
		exit, out, _ := d.command("providers", "github")
		return exit == 0 && strings.Contains(out, d.internet.URL)
	})
	d.furnish()
	return d
}

// furnish puts into the home what lines name.
func (d *docsWorld) furnish() {
	d.t.Helper()
	bin := filepath.Join(d.home, "bin")
	self, err := os.Executable()
	if err != nil {
		d.t.Fatal(err)
	}
	for _, dir := range []string{bin, filepath.Join(d.home, ".local/share/bash-completion/completions"), filepath.Join(d.home, ".config/fish/completions"), filepath.Join(d.home, "fpath")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			d.t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"secret.txt": "s3cr3t", "requirements.txt": "", "README.md": "# x\n"} {
		if err := os.WriteFile(filepath.Join(d.home, name), []byte(text), 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := os.Link(self, filepath.Join(bin, "authtray")); err != nil { // a symbolic one would show through
		d.t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(d.paths.Socket), filepath.Join(d.home, "authtray")); err != nil {
		d.t.Fatal(err)
	}
	for _, name := range standIns {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n[ $# -gt 0 ] && echo stands-in\n"), 0o700); err != nil {
			d.t.Fatal(err)
		}
	}
}

// here is a line with what stands for the Internet in the place of its hosts, and
// scopes that the practice provider has.
func (d *docsWorld) here(line string) string {
	return strings.NewReplacer("=PORT", "="+portOf(d.provider.Issuer),
		"--issuer https://login.example.org", "--issuer "+d.provider.Issuer,
		"https://api.github.com", d.internet.URL, "https://api.example.org", d.internet.URL, "https://git.example.org", d.internet.URL,
		"https://mcp.example.org/mcp", d.provider.Issuer+"/mcp", "https://mcp.example.com/mcp", d.provider.Issuer+"/mcp", "https://mcp.notion.com/mcp", d.provider.Issuer+"/mcp", "http://127.0.0.1:47820/mcp", d.provider.Issuer+"/mcp",
		"--scope repo --scope read:org", "--scope openid --scope offline_access", "--scope email", "--scope notes.read", "--scope write", "--scope notes.write", "--scope read", "--scope openid",
		"--host api.example.org", "--host "+strings.TrimPrefix(d.internet.URL, "http://"),
	).Replace(line)
}

// runs types a line that must work, and returns what it prints.
func (d *docsWorld) runs(t *testing.T, line string) (out string) {
	t.Helper()
	exit, out, said := d.shell(t, d.here(line))
	if exit != 0 {
		t.Errorf("%s\nexit %d: %s%s", line, exit, out, said)
	}
	return out
}

// attempt types a line that may fail, and returns all that it says.
func (d *docsWorld) attempt(t *testing.T, line string) (exit int, said string) {
	t.Helper()
	exit, out, errs := d.shell(t, line)
	return exit, out + errs
}

// shell types a line, and does what it asks a person to do.
func (d *docsWorld) shell(t *testing.T, line string) (exit int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-c", "set -e -o pipefail; fpath=("+d.home+"/fpath); PROFILE="+d.home+"/profile; TOKEN=x; "+line)
	c.Dir = d.home
	c.Env = append(os.Environ(), "HOME="+d.home, "XDG_RUNTIME_DIR="+d.home, "XDG_CONFIG_HOME="+d.home+"/.config", "PATH="+filepath.Join(d.home, "bin")+":"+os.Getenv("PATH"),
		"GOPATH="+d.home+"/go", "GOENV="+d.home+"/goenv", "GIT_CONFIG_NOSYSTEM=1", "BROWSER=true", "DISPLAY=", "WAYLAND_DISPLAY=")
	var printed bytes.Buffer
	c.Stdout = &printed
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	var people sync.WaitGroup
	for lines := bufio.NewScanner(io.LimitReader(stderr, 1<<20)); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if at := lines.Text(); strings.HasPrefix(at, d.provider.Issuer+"/device") {
			people.Go(func() { practicetest.ApproveDevice(ctx, at, "ada") })
		} else if strings.HasPrefix(at, d.provider.Issuer+"/authorize") && strings.Contains(line, "--no-browser") && !strings.Contains(line, "1ms") {
			people.Go(func() {
				if redirect, err := practicetest.Consent(ctx, at, "ada"); err == nil {
					if resp, err := http.Get(redirect); err == nil {
						resp.Body.Close()
					}
				}
			})
		}
	}
	people.Wait()
	_ = c.Wait() // what came of it is the exit code
	return c.ProcessState.ExitCode(), printed.String(), said.String()
}

// try runs a line, or parses what of it is authtray's where it is not to be run.
func (d *docsWorld) try(t *testing.T, line string) {
	t.Helper()
	for _, p := range onlyParsed {
		if strings.HasPrefix(line, p.begin) {
			t.Logf("only parsed: %s (%s)", line, p.why)
			parses(t, line)
			return
		}
	}
	if words := strings.Fields(line); len(words) <= 2 && words[0] == "authtray" {
		if c, _, err := Commands().Find(words[1:]); err == nil && c.ValidateArgs(nil) != nil {
			t.Logf("only named: %s", line) // a command that wants more, in a sentence
			return
		}
	}
	t.Logf("run: %s", line)
	parses(t, line)
	d.runs(t, line)
}

var (
	ours       = regexp.MustCompile(`(?:^|[\s(|&;])authtray((?: [^\s|&;<>)]+| "[^"]*"| '[^']*')*)`)
	aComment   = regexp.MustCompile(`\s{2,}#.*$`)
	shellWords = regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`)
)

// parses reads every command of ours in a line as the program would, and runs none.
func parses(t *testing.T, line string) {
	t.Helper()
	for _, found := range ours.FindAllStringSubmatch(line, -1) {
		words := shellWords.FindAllString(found[1], -1)
		for i := range words {
			words[i] = strings.Trim(words[i], `"'`)
		}
		if err := parse(withDash(words)); err != nil {
			t.Errorf("authtray%s: %v", found[1], err)
		}
	}
}

func parse(words []string) error {
	root := Commands()
	root.InitDefaultHelpCmd()
	c, rest, err := root.Find(words)
	if err != nil {
		return err
	}
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	return c.ValidateArgs(c.Flags().Args())
}

// filledIn puts something in the place of what a line leaves to its reader.
var filledIn = strings.NewReplacer("setup TOOL", "setup git", "NAME", "work", "providers ID", "providers oidc", "secret set github", "secret set github < secret.txt",
	"--set vars.host=…", "--set vars.host=id.example.org", "=…", "=x", "URL", "https://x.example.org", " ID", " practice", " SCOPE", " openid", "…", "")

// readmeLines are the README's command lines, in order: those of its blocks, and
// those in its text and tables.
func readmeLines(t *testing.T) (lines []string) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`^ {4,}((?:authtray|make|git|curl|ssh|export|AUTHTRAY_SOCKET=\S+) .*)$`)
	code := regexp.MustCompile("`((?:authtray|curl) [^`]*)`")
	fenced := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if found := block.FindStringSubmatch(line); found != nil && !fenced {
			lines = append(lines, aComment.ReplaceAllString(found[1], ""))
			continue
		}
		for _, found := range code.FindAllStringSubmatch(line, -1) {
			if !fenced {
				lines = append(lines, strings.ReplaceAll(found[1], `\|`, "|"))
			}
		}
	}
	return lines
}

func TestLinesOfTheReadmeWork(t *testing.T) {
	d := newDocsWorld(t)
	lines := readmeLines(t)
	for i, line := range lines {
		t.Run(fmt.Sprintf("%02d", i), func(t *testing.T) {
			d.world.t = t
			if strings.Contains(line, "NAME") {
				t.Logf("only parsed: %s (it stands for any connection)", line)
				parses(t, filledIn.Replace(line))
				return
			}
			d.try(t, filledIn.Replace(line))
		})
	}
	if len(lines) < 30 {
		t.Errorf("only %d lines were found", len(lines))
	}
}

// notPowerShell is what only a POSIX shell reads.
var notPowerShell = regexp.MustCompile(`<\(|< |(^| )export |&&|&$|\\$|\$\{?[A-Z_]+\b`)

// TestPowerShellLinesOfTheReadmeParse runs none: PowerShell is not here.
func TestPowerShellLinesOfTheReadmeParse(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(text), "\n```powershell\n")
	block, _, closed := strings.Cut(block, "```")
	if !ok || !closed {
		t.Fatal("the README has no lines for PowerShell")
	}
	commands := 0
	for line := range strings.Lines(block) {
		line = aComment.ReplaceAllString(strings.TrimRight(line, "\n"), "")
		t.Run(line, func(t *testing.T) {
			if found := notPowerShell.FindString(line); found != "" {
				t.Errorf("PowerShell does not read %q", found)
			}
			if strings.Count(line, "'")%2 != 0 || strings.Count(line, `"`)%2 != 0 || strings.Count(line, "(") != strings.Count(line, ")") {
				t.Error("something is open at its end")
			}
			if strings.HasPrefix(line, "curl ") || strings.Contains(line, "| curl ") {
				t.Error("curl is another command in Windows PowerShell: curl.exe")
			}
			parses(t, line)
		})
		commands += len(ours.FindAllString(line, -1))
	}
	if commands < 4 {
		t.Errorf("%d commands of ours", commands)
	}
}

func TestProgramOfTheReadmePrintsTheToken(t *testing.T) {
	d := newDocsWorld(t)
	d.types("authtray add github --provider practice --set vars.port=" + d.provider.Issuer[strings.LastIndex(d.provider.Issuer, ":")+1:])
	d.types("authtray connect github")
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(text)
	if program == nil {
		t.Fatal("the README has no such program any more")
	}
	if err := os.WriteFile(filepath.Join(d.home, "token.py"), program[1], 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := d.runs(t, "python3 token.py"), d.runs(t, "authtray token github"); got != want || want == "" {
		t.Errorf("it printed %d bytes, not the token", len(got))
	}
}

// exampleWorld is what the examples of a command's help take for granted: work is
// connected to the company's server, and so is mail; github is GitHub.
func exampleWorld(t *testing.T, command string) *docsWorld {
	d := newDocsWorld(t)
	if command == "authtray" || command == "authtray add" {
		return d
	}
	d.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer + " --scope openid --scope offline_access --scope notes.read --api " + d.internet.URL + " --host git.example.org")
	edited := strings.Replace(d.read("work"), "\n", "\nkeep_id_token = true\n", 1)
	d.edit("work", edited)
	eventually(t, "the file is taken up", func() bool { return d.seen("work").Config.KeepIDToken })
	d.types("authtray connect work")
	d.types("authtray add notion --mcp https://mcp.notion.com/mcp")
	d.types("authtray add mail --like work")
	d.types("authtray connect mail")
	return d
}

func TestExamplesOfTheHelpWork(t *testing.T) {
	root := Commands()
	root.InitDefaultHelpCmd()
	var shared *docsWorld // of the commands that leave it as it is
	everyCommand(root, func(c *cobra.Command) {
		path := c.CommandPath()
		alone := slices.Contains([]string{"authtray", "authtray add", "authtray remove", "authtray disconnect"}, path)
		if shared == nil && !alone {
			shared = exampleWorld(t, path)
		}
		t.Run(strings.ReplaceAll(path, " ", "_"), func(t *testing.T) {
			d := shared
			if alone {
				d = exampleWorld(t, path)
			}
			d.world.t = t
			for line := range strings.Lines(c.Example) {
				d.try(t, filledIn.Replace(strings.TrimSpace(aComment.ReplaceAllString(line, ""))))
			}
		})
	})
}

// What `authtray providers ID` says is to be typed.
func TestLinesOfEveryProviderWork(t *testing.T) {
	w := newWorld(t, nil)
	all, err := (&shell{}).providers(t.Context(), w.agent())
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`(?m)^ {5}(authtray .*)$|(authtray [a-z ]+ NAME[^:.;,)“”"\n]*)`) // its own lines, and in a step's text
	for i, p := range all {
		t.Run(p.ID, func(t *testing.T) {
			w.t = t
			text := w.types("authtray providers " + p.ID)
			for _, found := range said.FindAllStringSubmatch(text, -1) {
				line := found[1] + found[2]
				line, _, _ = strings.Cut(line, "  ")
				line, _, _ = strings.Cut(line, " (")
				parses(t, filledIn.Replace(strings.TrimSpace(strings.ReplaceAll(line, "--client-id ID", "--client-id x"))))
			}
			add := regexp.MustCompile(`(?m)^ *(authtray add NAME .*)$`).FindStringSubmatch(text)
			if add == nil {
				t.Fatalf("it does not say how it is added:\n%s", text)
			}
			w.types(strings.NewReplacer("NAME", fmt.Sprint("c", i), "--client-id ID", "--client-id x", "--issuer URL", "--issuer https://login.example.org", "--mcp URL", "--mcp https://mcp.example.org/mcp",
				"vars.host=…", "vars.host=id.example.org", "=…", "=x").Replace(add[1]))
		})
	}
}

// Every command that a sentence of ours names exists, with its flags.
func TestCommandsThatSentencesNameExist(t *testing.T) {
	named := regexp.MustCompile(`(?:^|[\s:(;])(authtray (?:[a-z][a-z-]*|--[a-z][a-z-]*)(?: (?:[a-z][a-z._-]*|--?[A-Za-z][a-z-]*|[A-Z]+|<|%[a-z]|\S+=\S*))*)`)
	seen := map[string]bool{}
	for _, dir := range []string{"../../app", "../../tokens", "../../providers"} {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				text, _ := strconv.Unquote(lit.Value)
				for _, found := range named.FindAllStringSubmatch(text, -1) {
					seen[found[1]] = true
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for line := range seen {
		t.Run(line, func(t *testing.T) {
			words := strings.Fields(strings.Replace(line, "setup %s", "setup git", 1))[1:] // any tool
			root := Commands()
			root.InitDefaultHelpCmd()
			c, rest, err := root.Find(words)
			switch {
			case strings.Contains("is are has and takes cannot gives asks keeps says itself was reads for wrote", words[0]):
				return // a sentence about the program
			case words[0] == "register":
				return // a command of Windows alone
			case err != nil || c == root && !strings.HasPrefix(words[0], "-"):
				t.Fatalf("there is no such command: %v", err)
			}
			for _, word := range rest {
				name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
				if strings.HasPrefix(word, "--") && c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil && name != "" && name != "help" {
					t.Errorf("%s has no flag %s", c.CommandPath(), word)
				}
			}
		})
	}
	if len(seen) < 60 {
		t.Errorf("only %d were found", len(seen))
	}
}

// The lines that the recipes' page tells to write into a bar's or a shell's
// configuration; the scripts themselves are tried in app/e2e/commands.
func TestLinesOfTheRecipesWork(t *testing.T) {
	d := exampleWorld(t, "")
	text, err := os.ReadFile("../tools/recipes/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"waybar", "i3status", "prompt.bash"} {
		script, err := os.ReadFile("../tools/recipes/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range []string{d.home, filepath.Join(d.home, "bin", "recipes")} {
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, name), script, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	bar := "i3status() { printf '%s\\n' '{\"version\":1}' '[' '[]' ',[]'; }; " // the program itself may not be here
	for _, c := range []struct{ row, prints string }{
		{"waybar", "found"},
		{"i3status", "tokens ok"},
		{"prompt.bash", ""},
	} {
		t.Run(c.row, func(t *testing.T) {
			d.world.t = t
			row := regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(c.row) + "` \\|[^|]*\\| (.*) \\|$").FindStringSubmatch(string(text))
			if row == nil {
				t.Fatal("it has no row")
			}
			line := regexp.MustCompile("`([^`]*)`").FindStringSubmatch(row[1])[1]
			line = strings.ReplaceAll(strings.ReplaceAll(line, `\|`, "|"), "~/bin/", "~/bin/recipes/")
			switch c.row {
			case "waybar":
				parses(t, regexp.MustCompile(`"on-click": "([^"]*)"`).FindStringSubmatch(line)[1])
				line = "test -x " + regexp.MustCompile(`"exec": "([^"]*)"`).FindStringSubmatch(line)[1] + " && echo found" // it ends only with the agent
			case "i3status":
				line = bar + strings.TrimPrefix(line, "status_command ")
			case "prompt.bash":
				line += `; authtray_prompt; [ "${PS1#*authtray_prompt}" != "$PS1" ]`
			}
			if exit, out, errs := d.shell(t, "set +o pipefail; { "+line+"; } | head -c 400"); exit != 0 || !strings.Contains(out, c.prints) {
				t.Errorf("%s\nexit %d: %s%s", line, exit, out, errs)
			}
		})
	}
}
