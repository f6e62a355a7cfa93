package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/authtray/authtray/providers/catalog"
)

const handWritten = `# work: ask Grace before changing this
provider = "gitlab"   # the company's

client_id = 'abc' # of the app "desk"
scopes = [
  "read_user", # for whoami
  "read_api",
]
hosts = ["git.example.org"]
# ca_file = "/etc/ssl/work.pem"

[vars] # where it is
host = "git.example.org"

[override]
token = "https://git.example.org/oauth/token" # moved in May

# the end
`

func TestChangeOfAConnectionKeepsWhatThePersonWrote(t *testing.T) {
	for name, tt := range map[string]struct {
		change   func(*catalog.Connection)
		old, new string // the only difference; "": the file stays as it is
	}{
		"nothing":          {func(*catalog.Connection) {}, "", ""},
		"a value":          {func(c *catalog.Connection) { c.ClientID = "new" }, "client_id = 'abc' #", "client_id = 'new' #"},
		"a list":           {func(c *catalog.Connection) { c.Hosts = append(c.Hosts, "b.example") }, `hosts = ["git.example.org"]`, "hosts = ['git.example.org', 'b.example']"},
		"a list of lines":  {func(c *catalog.Connection) { c.Scopes = []string{"api"} }, "scopes = [\n  \"read_user\", # for whoami\n  \"read_api\",\n]", "scopes = ['api']"},
		"a key that goes":  {func(c *catalog.Connection) { c.Hosts = nil }, "hosts = [\"git.example.org\"]\n", ""},
		"a key that comes": {func(c *catalog.Connection) { c.Ask = true }, "hosts = [\"git.example.org\"]\n", "hosts = [\"git.example.org\"]\nask = true\n"},
		"a variable":       {func(c *catalog.Connection) { c.Vars["host"] = "b.example" }, `host = "git.example.org"`, "host = 'b.example'"},
		"an override":      {func(c *catalog.Connection) { c.SetOverride("token", "https://b.example/t") }, `token = "https://git.example.org/oauth/token" #`, "token = 'https://b.example/t' #"},
		"a new override":   {func(c *catalog.Connection) { c.SetOverride("authorize", "https://b.example/a") }, "# moved in May\n", "# moved in May\nauthorize = 'https://b.example/a'\n"},
		"a table":          {func(c *catalog.Connection) { c.SetOverride("redirect.port", "any") }, "# the end\n", "# the end\n\n[override.redirect]\nport = 'any'\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			os.Chmod(dir, 0o700)
			path := filepath.Join(dir, "work.toml")
			if err := os.WriteFile(path, []byte(handWritten), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := Connection(dir, "work")
			if err != nil {
				t.Fatal(err)
			}
			tt.change(&f.Connection)
			if err := WriteConnection(dir, f.Connection); err != nil {
				t.Fatal(err)
			}
			got, _ := os.ReadFile(path)
			if want := strings.Replace(handWritten, tt.old, tt.new, 1); string(got) != want {
				t.Errorf("the file is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Whatever a file looks like: what is written says what was meant.
func TestEditedFileSaysWhatWasMeant(t *testing.T) {
	base := "provider = 'github'\nclient_id = 'x'\n"
	for _, text := range []string{
		"", "\n", base, "provider = 'github'", "\xef\xbb\xbfprovider = 'github'\n", "vars = { host = 'a', realm = 'b' }\nprovider = 'x'\n", "vars.host = 'a'\nprovider = 'y'\n",
		"[vars]\nhost = 'a'\n[override.api]\nbase = 'https://x'\n", "override = { api = { base = 'b' }, token = 't' }\n", "provider = \"\"\"\ngithub\"\"\"\n# x", "a = [ '#', \"]\" ] # ]\r\nprovider = 'z'\r\n",
		"[override]\n\"a.b\" = 1\n", "not toml", "x = '''\n[table]\n'''\n",
	} {
		for _, want := range []string{base, "provider = 'a'\n\n[vars]\nhost = 'n'\n", "provider = 'a'\n\n[override]\n\n[override.api]\nbase = 'q'\n", "x = [1, 2]\n", ""} {
			t.Run(text+" to "+want, func(t *testing.T) {
				if got := edited([]byte(text), []byte(want)); !sameTOML(got, []byte(want)) {
					t.Errorf("%q", got)
				}
			})
		}
	}
}

func FuzzEdited(f *testing.F) {
	f.Add([]byte(handWritten), []byte("provider = 'x'\n[vars]\nhost = 'y'\n"))
	f.Add([]byte("a = {b = 1}\n"), []byte("a.b = 2\n"))
	f.Fuzz(func(t *testing.T, text, want []byte) {
		if got := edited(text, want); string(got) != string(want) && !sameTOML(got, want) {
			t.Errorf("%q", got)
		}
	})
}

func sameTOML(a, b []byte) bool {
	var one, two map[string]any
	return toml.Unmarshal(a, &one) == nil && toml.Unmarshal(b, &two) == nil && reflect.DeepEqual(leaves(one), leaves(two))
}
