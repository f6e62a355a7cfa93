package outside

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// wrongPlaces has the user put secrets where none belong: into a connection's
// fields, the settings, and files. Nothing of it is taken, kept or repeated.
func (s *story) wrongPlaces() {
	for _, k := range []kind{clientSecret, refreshToken, accessToken} {
		secret := s.ledger.of(k)[0]
		for _, body := range wrongConnections(secret) {
			s.refuses(k, put("/v1/connections/typo", body))
		}
		s.refuses(k, put("/v1/connections/"+secret+"!", `{"provider":"practice"}`))
		for _, body := range []string{
			`{"notifications":"` + secret + `"}`, `{"` + secret + `":true}`, `{"api_listen":"` + secret + `"}`, `"` + secret, `["` + secret + `"]`,
		} {
			s.refuses(k, strings.Replace(post("/v1/settings", body), "POST", "PATCH", 1))
		}
	}
	s.wrongFiles(s.ledger.of(refreshToken)[0])
}

func wrongConnections(secret string) (all []string) {
	for _, with := range []string{
		`"client_secret":"SECRET"`, `"refresh_token":"SECRET"`, `"SECRET":1`, `"client_id":["SECRET"]`, `"scopes":"SECRET"`,
		`"vars":{"port":"SECRET"}`, `"vars":{"SECRET":"1"}`, `"hosts":["https://SECRET@x/"]`, `"refresh":"SECRET"`, `"probe":"SECRET"`,
		`"remote":"SECRET"`, `"mcp":"SECRET"`, `"resource":"SECRET"`, `"ca_file":"/nowhere/SECRET"`,
		`"override":{"client":{"secret":"SECRET"}}`, `"override":{"SECRET":1}`, `"override":{"token":"SECRET"}`,
		`"override":{"token":"https://user:SECRET@op.example/token"}`, `"override":{"api":{"base":"https://SECRET@op.example/"}}`,
		`"override":{"api":{"headers":{"Authorization":"Bearer SECRET"}}}`, `"override":{"token_headers":{"Authorization":"Bearer SECRET"}}`,
	} {
		all = append(all, strings.ReplaceAll(`{"provider":"practice",`+with+`}`, "SECRET", secret))
	}
	return append(all, `{"provider":"`+secret+`"}`, `{"provider":["`+secret+`"]}`, `{"provider":"practice","client_id":"`+secret, secret)
}

// refuses wants a request refused. The answer goes to who sent the secret.
func (s *story) refuses(k kind, text string) {
	s.t.Helper()
	answer := s.own().say(s.t, text, hangTime)
	if !strings.HasPrefix(answer, "HTTP/1.1 4") {
		shown := strings.ReplaceAll(text, s.ledger.of(k)[0], "SECRET")
		s.t.Errorf("a %s in the wrong place is answered %.40q: %s", k, answer, shown[strings.LastIndex(shown, "\r\n")+2:])
	}
	s.places = append(s.places, place{"the answer to a " + string(k) + " in the wrong place", answer, []kind{k}})
}

// wrongFiles writes files that cannot be used, has them all complained of, and
// takes them away. The secret is a value, or stands alone: the name of a field
// that does not exist is repeated, or nobody could find it.
func (s *story) wrongFiles(secret string) {
	good, err := os.ReadFile(filepath.Join(s.home, ".config/authtray/settings.toml"))
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for i, text := range []string{
		"client_secret = \"SECRET\"", "[client]\nsecret = \"SECRET\"", "id = \"SECRET", "SECRET", "= \"SECRET\"",
		"name = \"x\"\ntoken = \"https://user:SECRET@op.example/t\"\nauthorize = \"https://op.example/a\"",
		"name = SECRET", "name = [\"SECRET\"]", "provider = \"SECRET\"", "provider = \"practice\"\nrefresh = \"SECRET\"",
		"provider = \"practice\"\n[override.client]\nsecret = \"SECRET\"", "provider = \"practice\"\nvars = { port = \"SECRET\" }",
		"provider = \"practice\"\n[override]\nheaders = { Authorization = \"Bearer SECRET\" }",
	} {
		text = strings.ReplaceAll(text, "SECRET", secret) + "\n"
		for _, dir := range []string{"providers", "connections"} {
			name := fmt.Sprintf("%s/wrong%d.toml", dir, i)
			s.write(name, text)
			names = append(names, name)
		}
	}
	for _, text := range []string{"notifications = \"SECRET\"", "notifications = SECRET", "= SECRET", "SECRET", "[SECRET"} {
		before := strings.Count(s.said(), "about=settings")
		s.write("settings.toml", strings.ReplaceAll(text, "SECRET", secret)+"\n")
		eventually(s.t, func() string { return "settings that cannot be read are not complained of" }, func() bool {
			return strings.Count(s.said(), "about=settings") > before
		})
		s.complained(names)
	}
	s.write("settings.toml", string(good))
	for _, name := range names {
		if err := os.Remove(filepath.Join(s.home, ".config/authtray", name)); err != nil {
			s.t.Error(err)
		}
	}
	eventually(s.t, func() string { return "files that are gone are still complained of" }, func() bool {
		return !strings.Contains(s.do(nil, "", "status").out, "wrong")
	})
}

// complained waits until the agent has seen the files, and asks for everything
// that tells of them.
func (s *story) complained(names []string) {
	s.t.Helper()
	last := strings.TrimSuffix(filepath.Base(names[len(names)-1]), ".toml")
	eventually(s.t, func() string { return "the files are not complained of" }, func() bool {
		return strings.Contains(s.do(nil, "", "status").out, last)
	})
	s.do(nil, "", "status", last)
	s.do(nil, "", "status", "--json")
	s.do(nil, "", "doctor")
	s.do(nil, "", "providers")
	s.do([]kind{accessToken}, "", "token", last)
}
