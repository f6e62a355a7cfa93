package cli

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// situation is something that goes wrong, and the command that a person is told to
// type then. Typed, it must help: the line that was refused works afterwards, or the
// command shows what was to be known.
type situation struct {
	name    string
	arrange func(d *docsWorld, t *testing.T)
	line    string
	told    string
	typed   string // told, with its places filled in; "": as it stands
	then    string // works afterwards; "": line
	shows   string // what the command prints; line is not tried again
}

const (
	fresh = "authtray add %s --provider practice --set vars.port=PORT"
)

// situations are what goes wrong without a desktop around it; those with one are in
// app/e2e/desktops.
var situations = []situation{
	{name: "no such connection", line: "authtray token nosuchone", told: "authtray status", shows: "work "},
	{name: "a mistyped connection", line: "authtray token wrok", told: "authtray status", shows: "work "},
	{name: "never connected", arrange: added("s1"), line: "authtray token s1", told: "authtray connect s1"},
	{name: "access was revoked", arrange: func(d *docsWorld, t *testing.T) {
		added("s2")(d, t)
		d.types("authtray connect s2")
		d.provider.Revoke("ada")
	}, line: "authtray refresh s2", told: "authtray connect s2"},
	{name: "no client secret", arrange: func(d *docsWorld, t *testing.T) {
		d.types(d.here("authtray add s3 --provider practice --set vars.port=PORT --client-id " + server.ConfidentialClient + " --set client.secret=required --set client.auth=post"))
	}, line: "authtray connect s3", told: "authtray secret set s3", typed: "echo " + server.ConfidentialSecret + " | authtray secret set s3"},
	{name: "a scope that was not granted", arrange: func(d *docsWorld, t *testing.T) {
		d.types(d.here("authtray add s4 --provider practice --set vars.port=PORT --scope openid --scope offline_access"))
		d.types("authtray connect s4")
	}, line: "authtray token s4 --scope notes.read", told: "authtray connect s4 --scope notes.read"},
	{name: "a scope that the provider does not have", arrange: func(d *docsWorld, t *testing.T) {
		d.types("authtray add s5 --provider oidc --client-id authtray --issuer " + d.provider.Issuer + " --scope openid --scope nosuchscope")
	}, line: "authtray connect s5", told: "authtray add s5 --scope openid"},
	{name: "no such provider", line: "authtray add s6 --provider nosuchprovider", told: "authtray providers", shows: "oidc"},
	{name: "no such provider to show", line: "authtray providers nosuchprovider", told: "authtray providers", shows: "oidc"},
	{name: "no such provider to check", line: "authtray providers nosuchprovider --check", told: "authtray providers", shows: "oidc"},
	{name: "a host that tells no provider", line: "authtray add s6 --for nosuch.example.org", told: "authtray providers", shows: "oidc"},
	{name: "no provider", line: "authtray add s7", told: "authtray providers", shows: "oidc"},
	{name: "another provider", arrange: added("s8"), line: "authtray add s8 --provider github", told: "authtray remove s8"},
	{name: "like another one, and there already", arrange: added("s9"), line: "authtray add s9 --like work", told: "authtray remove s9"},
	{name: "nobody signed in", arrange: added("s10"), line: "authtray connect s10 --no-browser --timeout 1ms", told: "authtray connect s10" /* takes the pending one up */, then: "authtray token s10"},
	{name: "someone else signed in", arrange: func(d *docsWorld, t *testing.T) {
		added("s11")(d, t)
		signInAs(t, d, "s11", "grace")
		d.types("authtray disconnect s11")
	}, line: "authtray connect s11", told: "authtray connect s11 --accept-account"},
	{name: "a program that asks first", arrange: func(d *docsWorld, t *testing.T) {
		added("s12")(d, t)
		d.types("authtray connect s12")
		d.edit("s12", "ask = true\n"+d.read("s12"))
		eventually(t, "the file is taken up", func() bool { return d.seen("s12").Config.Ask })
	}, line: "curl -sS --fail-with-body --unix-socket SOCKET http://x/v1/connections/s12/token", told: "take ask = true out of the file of s12", typed: "sed -i /^ask/d $AUTHTRAY_CONFIG/connections/s12.toml; until curl -sS --fail --unix-socket SOCKET http://x/v1/connections/s12/token; do :; done >/dev/null 2>&1"},
	{name: "no API base", arrange: func(d *docsWorld, t *testing.T) {
		d.types("authtray add s13 --provider oidc --client-id authtray --issuer " + d.provider.Issuer + " --scope openid")
		d.types("authtray connect s13")
	}, line: "authtray request s13 /me", told: "authtray add s13 --api URL", typed: "authtray add s13 --api API"},
	{name: "no API base, through the socket", arrange: func(d *docsWorld, t *testing.T) {
		d.types("authtray add s14 --provider oidc --client-id authtray --issuer " + d.provider.Issuer + " --scope openid")
		d.types("authtray connect s14")
	}, line: "curl -sS --fail-with-body --unix-socket SOCKET http://x/v1/connections/s14/api/me", told: "authtray add s14 --api URL", typed: "authtray add s14 --api API"},
	{name: "hosts that are not known", arrange: func(d *docsWorld, t *testing.T) {
		d.types("authtray add s24 --provider oidc --client-id authtray --issuer " + d.provider.Issuer)
	}, line: "authtray setup docker s24", told: "authtray setup docker s24 --host HOST", typed: "authtray setup docker s24 --host ghcr.io --write", then: "authtray setup docker s24"},
	{name: "hosts that are not known, for netrc", arrange: func(d *docsWorld, t *testing.T) {
		d.types("authtray add s15 --provider oidc --client-id authtray --scope openid --issuer " + d.provider.Issuer)
		d.types("authtray connect s15")
	}, line: "authtray helper netrc s15", told: "authtray add s15 --host HOST", typed: "authtray add s15 --host git.example.org"},
	{name: "a host that git is to ask for", arrange: func(d *docsWorld, t *testing.T) {
		d.types("authtray add s16 --provider oidc --client-id authtray --issuer " + d.provider.Issuer)
	}, line: "authtray setup git s16", told: "authtray setup git s16 --host HOST", typed: "authtray setup git s16 --host git.example.org --write", then: "authtray setup git s16"},
	{name: "a certificate of the company's own", arrange: func(d *docsWorld, t *testing.T) { d.addsBehindTLS(t, "s17") },
		line: "authtray connect s17", told: "authtray add s17 --ca-file FILE", typed: "authtray add s17 --ca-file ca.pem"},
	{name: "a document of another issuer", arrange: func(d *docsWorld, t *testing.T) {
		d.types("authtray add s18 --provider oidc --client-id authtray --scope openid --issuer " + d.mirror(t))
	}, line: "authtray connect s18", told: "authtray add s18 --issuer ISSUER"},
	{name: "an issuer without a document", arrange: func(d *docsWorld, t *testing.T) {
		d.types("authtray add s26 --provider oidc --client-id authtray --scope openid --issuer " + d.provider.Issuer + "/realms/nosuch")
	}, line: "authtray connect s26", told: "authtray add s26 --issuer URL", typed: "authtray add s26 --issuer ISSUER"},
	{name: "an MCP server that names no issuer", arrange: func(d *docsWorld, t *testing.T) {
		silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			status := http.StatusNotFound
			if r.URL.Path == "/mcp" {
				status = http.StatusUnauthorized
			}
			http.Error(w, "no", status)
		}))
		t.Cleanup(silent.Close)
		d.types("authtray add s19 --client-id authtray --scope openid --mcp " + silent.URL + "/mcp")
	}, line: "authtray connect s19", told: "authtray add s19 --issuer URL", typed: "authtray add s19 --issuer ISSUER"},
	{name: "an MCP server that is not there", arrange: func(d *docsWorld, t *testing.T) {
		d.types("authtray add s19b --mcp " + d.provider.Issuer + "/nothing")
	}, line: "authtray connect s19b", told: "authtray add s19b --mcp URL", typed: "authtray add s19b --mcp ISSUER/mcp"},
	{name: "metadata of another MCP server", arrange: func(d *docsWorld, t *testing.T) {
		d.types("authtray add s20 --mcp " + d.mirror(t) + "/mcp")
	}, line: "authtray connect s20", told: "authtray add s20 --mcp ISSUER/mcp"},
	{name: "the provider is down", arrange: func(d *docsWorld, t *testing.T) { d.types("authtray add s21 --provider practice --set vars.port=1") },
		line: "authtray connect s21", told: "authtray connect s21", typed: "authtray add s21 --set vars.port=PORT"},
	{name: "a bridge to no MCP server", arrange: added("s22"), line: "authtray mcp s22 </dev/null", told: "authtray add NEWNAME --mcp URL", typed: "authtray add mcp22 --mcp ISSUER/mcp", then: "authtray mcp mcp22 </dev/null"},
	{name: "a program that was not allowed", line: "authtray allow work --forget /bin/true", told: "authtray allow work", shows: "No program has been allowed"},
	{name: "a client that nobody registered", arrange: func(d *docsWorld, t *testing.T) { d.types("authtray add s25 --provider github --scope openid") },
		line: "authtray connect s25 --device", told: "authtray add s25 --client-id ID"},
	{name: "no ID token kept", arrange: func(d *docsWorld, t *testing.T) {
		added("s23")(d, t)
		d.types("authtray connect s23")
	}, line: "authtray helper kubectl s23 --id-token", told: "authtray connect s23", typed: "F=$AUTHTRAY_CONFIG/connections/s23.toml; echo keep_id_token = true | cat - $F >$F.new && mv $F.new $F; until authtray connect s23 && authtray helper kubectl s23 --id-token; do :; done >/dev/null"},
}

func added(name string) func(*docsWorld, *testing.T) {
	return func(d *docsWorld, t *testing.T) { d.types(d.here(fmt.Sprintf(fresh, name))) }
}

// signInAs is a sign-in by hand.
func signInAs(t *testing.T, d *docsWorld, name, user string) {
	t.Helper()
	var pending struct{ URL string }
	if err := d.agent().Do(t.Context(), http.MethodPost, connection(name, "connect"), api.ConnectRequest{Mode: "url"}, &pending); err != nil {
		t.Fatal(err)
	}
	redirect, err := practicetest.Consent(t.Context(), pending.URL, user)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(redirect)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	eventually(t, "it is connected", func() bool { return d.seen(name).Account == user })
}

// mirror serves what the practice provider does, from elsewhere.
func (d *docsWorld) mirror(t *testing.T) string {
	t.Helper()
	to, err := url.Parse(d.provider.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	m := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }})
	t.Cleanup(m.Close)
	return m.URL
}

// elsewhen is the practice provider two hours ago, until there is a file that says that
// the clock is right.
func (d *docsWorld) elsewhen(t *testing.T, set string) string {
	t.Helper()
	to, err := url.Parse(d.provider.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	m := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(r *http.Response) error {
			if _, err := os.Stat(set); err != nil {
				r.Header.Set("Date", time.Now().Add(-2*time.Hour).UTC().Format(http.TimeFormat))
			}
			return nil
		},
	})
	t.Cleanup(m.Close)
	return m.URL
}

// addsBehindTLS adds a connection whose token endpoint has a certificate that only
// ca.pem in the home knows.
func (d *docsWorld) addsBehindTLS(t *testing.T, name string) {
	t.Helper()
	to, err := url.Parse(d.provider.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	secure := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }})
	t.Cleanup(secure.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(d.home, "ca.pem"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	d.types(d.here("authtray add " + name + " --provider practice --set vars.port=PORT --set token=" + secure.URL + "/token"))
}

// filled puts this world into the places of a situation.
func (d *docsWorld) filled(line string) string {
	return strings.NewReplacer("PORT", portOf(d.provider.Issuer), "ISSUER", d.provider.Issuer, "--api API", "--api "+d.internet.URL, "API/", d.internet.URL+"/", "SOCKET", d.paths.Socket).Replace(line)
}

func portOf(issuer string) string { return issuer[strings.LastIndex(issuer, ":")+1:] }

func TestHintsHelpInTheirSituations(t *testing.T) {
	d := exampleWorld(t, "")
	for _, s := range situations {
		t.Run(s.name, func(t *testing.T) {
			d.world.t = t
			if s.arrange != nil {
				s.arrange(d, t)
			}
			line, told := d.filled(s.line), d.filled(s.told)
			exit, said := d.attempt(t, line)
			if exit == 0 || !strings.Contains(said, told) {
				t.Fatalf("%s\nexit %d, and %q is not said: %s", line, exit, told, said)
			}
			typed := d.filled(s.typed)
			if typed == "" {
				typed = strings.TrimSpace(said[strings.Index(said, told):]) // with what else is to be typed
				typed, _, _ = strings.Cut(typed, "\n")
				typed, _, _ = strings.Cut(typed, `"`) // in a problem's JSON
			}
			exit, shown := d.attempt(t, typed)
			if exit != 0 || !strings.Contains(shown, s.shows) {
				t.Fatalf("%s: %s\n%s\nexit %d: %s", line, said, typed, exit, shown)
			}
			if s.shows != "" {
				return
			}
			if s.then != "" {
				line = d.filled(s.then)
			}
			if exit, said := d.attempt(t, line); exit != 0 {
				t.Errorf("%s did not help: %s\nexit %d: %s", typed, line, exit, said)
			}
		})
	}
}

// What is wrong, and the doctor's check that says so. Its command fixes it: the next
// report has a tick there.
func TestHintsOfTheDoctorHelpInTheirSituations(t *testing.T) {
	d := exampleWorld(t, "")
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	chmod := func(path string, mode os.FileMode) {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	// The editor of a person who knows what belongs there.
	correct := "#!/bin/sh\ncase $1 in *settings.toml) : >$1;; *own.toml) printf 'id = \"own\"\\nname = \"Own\"\\nauthorize = \"https://x.example.org/a\"\\ntoken = \"https://x.example.org/t\"\\n' >$1;; *) echo 'provider = \"practice\"' >$1; esac\n"
	write(filepath.Join(d.home, "bin", "correct"), correct, 0o700)
	// The administrator's word that sets the clock, which a test must not.
	set := filepath.Join(d.home, "clock-set")
	write(filepath.Join(d.home, "bin", "sudo"), "#!/bin/sh\n[ \"$*\" = 'timedatectl set-ntp true' ] && : >"+set+"\n", 0o700)
	for _, c := range []struct {
		name, check string
		arrange     func()
		shows       string // of a command that shows what is wrong
	}{
		{"a socket that others may use", "socket", func() { chmod(d.paths.Socket, 0o666) }, ""},
		{"a folder that others may enter", "socket", func() { chmod(filepath.Dir(d.paths.Socket), 0o755) }, ""},
		{"settings that others may write", "config", func() { write(d.paths.Settings(), "", 0o666) }, ""},
		{"settings that cannot be read", "config", func() { write(d.paths.Settings(), "nosuch = 1\n", 0o600) }, ""},
		{"a connection's file that cannot be read", "config", func() { write(d.file("broken"), "provider = \"oidc\nnosuch", 0o600) }, ""},
		{"an entry that cannot be read", "config", func() { write(filepath.Join(d.paths.Providers(), "own.toml"), "nosuch = 1\n", 0o600) }, ""},
		{"access was revoked", "connection work", func() {
			d.provider.Revoke("ada")
			d.attempt(t, "authtray refresh work")
		}, ""},
		{"a clock that is wrong", "clock", func() {
			d.types(d.here("authtray add late --provider practice --set vars.port=PORT --set token=" + d.elsewhen(t, set) + "/token"))
		}, ""},
		{"a provider that is down", "connection down", func() { d.types("authtray add down --provider practice --set vars.port=1") }, "127.0.0.1 port 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.world.t = t
			c.arrange()
			bad := d.checked(t, c.check)
			if bad.OK || bad.Hint == "" {
				t.Fatalf("%+v", bad)
			}
			exit, said := d.attempt(t, "export EDITOR=correct; "+bad.Hint)
			if c.shows != "" {
				if !strings.Contains(strings.ToLower(said), c.shows) {
					t.Errorf("%s shows %s", bad.Hint, said)
				}
				return
			}
			if exit != 0 {
				t.Fatalf("%s: %s", bad.Hint, said)
			}
			eventually(t, "it is fixed", func() bool { return d.checked(t, c.check).OK })
		})
	}
}

// checked is one check of the doctor's report; the first that is amiss of several.
func (d *docsWorld) checked(t *testing.T, id string) (found api.Check) {
	t.Helper()
	_, out := d.attempt(t, "authtray doctor --json 2>/dev/null")
	var report struct{ Checks []api.Check }
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, c := range report.Checks {
		if c.ID == id && (found.ID == "" || found.OK) {
			found = c
		}
	}
	return found
}

// inOtherTests are the commands of hints whose situation needs more than is here, and
// where they are tried.
var inOtherTests = map[string]string{
	"authtray run":                   "no agent runs: app/e2e/desktops",
	"authtray run --replace":         "the agent is older, or its socket is gone: app/e2e/commands takes over",
	"authtray run --replace --store": "grants are in memory where no keychain can be: app/e2e/commands, in testdata/doctor.txtar",
	"authtray run --store":           "there is no keychain at all: app/e2e/desktops",
	"authtray unlock":                "the keychain is locked: app/e2e/desktops",
	"authtray doctor":                "a disk is full, or a folder cannot be written: the doctor's own test",
	"authtray allow":                 "a question in a notification was answered with no: app/access/gate",
	"authtray connect --no-browser":  "no display: the README's line is run",
	"authtray token":                 "a narrower token is refused: the connection's own is what works, and is tried here everywhere",
	"authtray status":                "what is wrong is shown: tried above with what it prints",
}

// ofTheSystem are the commands of hints that are not ours, and where they are tried, or
// why they are not: this system has them not, or they would change the machine.
var ofTheSystem = map[string]string{
	" --scope X":                       "ends a command of ours, which is tried above",
	"chmod 600 X":                      "a socket that others may use: tried above",
	"chmod 700 X":                      "a folder that others may enter: tried above",
	"curl -vI X":                       "a provider that is down: tried above",
	"dbus-run-session -- authtray run": "there is no session bus: app/e2e/commands, in testdata/keychain.txtar",
	"git config --show-origin --get-regexp '^credential'": "another helper of git's would store the token: it shows which, and changes nothing",
	"ls -l X":                         "the socket cannot be looked at: it shows why, and changes nothing",
	"ls -ld X":                        "the socket's folder cannot be looked at: it shows why, and changes nothing",
	"mv X X":                          "a file stands in the socket's place: app/doctor",
	"rm X":                            "a file stands in its folder's place: app/doctor",
	"start ms-settings:notifications": "notifications are switched off: only Windows has it, and it opens a page of its settings",
	"sudo chown -R \"$USER\" X":       "the socket's folder is another user's: only the administrator can make one so",
	"unset X; authtray run --replace": "a variable that holds no proxy's address: app/e2e/commands, in testdata/proxy.txtar",
	"${EDITOR:-vi} X":                 "a file that cannot be read: tried above",
	"install X":                       "a package that no known installer brings: it says what to install, and is no command",
	"notepad X":                       "a file that cannot be read: only Windows has it",
	"security unlock-keychain":        "the keychain is locked: only macOS has it",
	"sudo sntp -sS time.apple.com":    "a clock that is wrong: only macOS has it",
	"sudo timedatectl set-ntp true":   "a clock that is wrong: tried above, with a sudo that only notes it",
	"w32tm /resync":                   "a clock that is wrong: only Windows has it",
}

// Every command that a hint in the source names has a situation.
func TestEveryHintHasItsSituation(t *testing.T) {
	covered := map[string]bool{}
	for _, s := range situations {
		covered[shapeOf(s.told)] = true
	}
	found := 0
	for _, dir := range []string{"..", "../../tokens", "../../providers"} {
		for at, hint := range hintsIn(t, dir) {
			shape := shapeOf(hint)
			if strings.HasPrefix(hint, "X") || hint == "" {
				continue // made elsewhere
			}
			found++
			if shape == "" && ofTheSystem[hint] == "" {
				t.Errorf("%s: %q is tried nowhere", at, hint)
			}
			if shape != "" && !covered[shape] && inOtherTests[shape] == "" {
				t.Errorf("%s: %q is in no situation", at, hint)
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d hints were found", found)
	}
}

// shapeOf is the command and the flags of a hint; "" where it is no command of ours.
func shapeOf(hint string) string {
	words := strings.Fields(hint)
	if len(words) == 0 || words[0] != "authtray" {
		return ""
	}
	root := Commands()
	c, _, err := root.Find(words[1:])
	if err != nil || c == root {
		return hint
	}
	shape := c.CommandPath()
	for _, w := range words {
		if name, _, _ := strings.Cut(w, "="); strings.HasPrefix(w, "--") && !strings.Contains(shape, name) {
			shape += " " + name
		}
	}
	return shape
}

// hintsIn are the hints of the sources below a folder, by where they stand: what is
// given as Hint or hint, and to failed as its first argument.
func hintsIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	hints := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		of := strings.HasSuffix(path, "doctor/hints.go") // a hint for each system
		note := func(e ast.Expr) {
			if text := literalText(e); text != "" {
				hints[files.Position(e.Pos()).String()] = text
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); of || ok && strings.EqualFold(key.Name, "hint") {
					note(n.Value)
				}
			case *ast.ReturnStmt:
				for _, e := range n.Results {
					if of {
						note(e)
					}
				}
			case *ast.AssignStmt:
				for i, to := range n.Lhs {
					field, ok := to.(*ast.SelectorExpr)
					if name, plain := to.(*ast.Ident); i < len(n.Rhs) && (ok && strings.EqualFold(field.Sel.Name, "hint") || plain && name.Name == "hint") {
						note(n.Rhs[i])
					}
				}
			case *ast.CallExpr:
				at := strings.Count(filepath.Dir(path), "doctor") // there the check's id comes first
				if name, ok := n.Fun.(*ast.Ident); ok && name.Name == "failed" && len(n.Args) > at {
					note(n.Args[at])
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return hints
}

// literalText is a text as it stands in the source, with X for what is filled in.
func literalText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return strings.NewReplacer("{{.Name}}", "X", "%s", "X").Replace(text)
	case *ast.BinaryExpr:
		return literalText(e.X) + literalText(e.Y)
	}
	return "X"
}
