package outside

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// toolNames are programs that are set up or run for the user, as far as they are
// not there for real: each writes down how it was started. execTool is the one
// that is given a token on purpose.
var toolNames = []string{"git", "kubectl", "go", "npm", execTool}

const execTool = "tool"

// wholeProduct uses all that gives tokens to tools, rightly and wrongly. What is
// used rightly has to work, or the search would be of things that did not happen.
func (s *story) wholeProduct() {
	doors := s.doors()
	for _, d := range doors {
		s.forwarded(d)
	}
	s.tokenElsewhere(doors[1])
	s.straying(doors)
	for _, d := range doors {
		s.carelessAPI(d)
	}
	s.helpers()
	s.misledHelpers()
	s.awsHelper()
	s.setUp()
	s.runTools()
}

// widen opens the connection "wide" to all that a connection's file can ask for.
func (s *story) widen() {
	answer := s.raw(put("/v1/connections/wide", fmt.Sprintf(
		`{"provider":"practice","vars":{"port":%q},"hosts":["git.example.org"],"remote":true,"keep_id_token":true}`, s.port)))
	if !good(answer) {
		s.t.Fatalf("the connection is not widened: %.300q", answer)
	}
}

func put(path, body string) string { return strings.Replace(post(path, body), "POST", "PUT", 1) }

func good(answer string) bool { return strings.HasPrefix(answer, "HTTP/1.1 200 ") }

// forwarded sends requests to the API through a door: as a tool does, and with
// the tool's own secrets, which do not go on from here.
func (s *story) forwarded(d door) {
	s.t.Helper()
	own := s.ledger.of(clientSecret)[0]
	for _, text := range []string{
		request("GET /v1/connections/wide/api/whoami"),
		request("GET /v1/connections/wide/api/echo?x=1", "Cookie: session="+own),
		request("POST /v1/connections/wide/api/echo", "Content-Length: 4") + "body",
	} {
		answer := d.say(s.t, text, hangTime)
		if !good(answer) {
			s.t.Errorf("%s: the API is not reached: %.60q", d.name, answer)
		}
		s.places = append(s.places, place{d.name + "'s answer from the API", answer, nil})
	}
}

// tokenElsewhere is the forwarded socket's other use.
func (s *story) tokenElsewhere(d door) {
	s.t.Helper()
	answer := d.say(s.t, request("GET /v1/connections/wide/token"), hangTime)
	if !good(answer) {
		s.t.Errorf("%s gives no token: %.60q", d.name, answer)
	}
	answer = d.say(s.t, request("GET /v1/connections/work/token"), hangTime)
	if !strings.HasPrefix(answer, "HTTP/1.1 403 ") {
		s.t.Errorf("%s gives a token that is not for there", d.name)
	}
	s.places = append(s.places, place{d.name + "'s refusal", answer, nil})
}

// carelessAPI repeats the token in its answers. They are handed on as they are:
// what Authtray says of them itself must not repeat it.
func (s *story) carelessAPI(d door) {
	s.t.Helper()
	for _, e := range echoes() {
		var answer string
		s.echoed(e, "/api/whoami", func() { answer = d.say(s.t, request("GET /v1/connections/wide/api/whoami"), hangTime) })
		if answer != "" && !strings.HasPrefix(answer, "HTTP/1.1 ") { // "": cut off, as the provider's was
			s.t.Errorf("%s answers no HTTP when a provider is careless %s", d.name, e.name)
		}
		p := place{name: d.name + "'s answer to a careless one, " + e.name, text: answer}
		if !strings.Contains(answer, "application/problem+json") {
			p.may = []kind{accessToken}
		}
		s.places = append(s.places, p)
	}
}

// works is do for what must work, and may show some kinds of secrets.
func (s *story) works(may []kind, stdin string, args ...string) string {
	s.t.Helper()
	r := s.do(may, stdin, args...)
	if r.code != 0 {
		s.t.Errorf("%s ended with %d", strings.Join(args, " "), r.code)
	}
	return r.out
}

const gitAsks = "protocol=https\nhost=git.example.org\n"

// helpers asks as tools do, and wants answers with a token where one was asked for.
func (s *story) helpers() {
	s.t.Helper()
	token := []kind{accessToken}
	for _, c := range []struct {
		may   []kind
		stdin string
		args  string
	}{
		{token, gitAsks + "\n", "git get"},
		{token, "git.example.org\n", "docker get"},
		{token, "", "kubectl wide"},
		{[]kind{idToken}, "", "kubectl wide --id-token"},
		{token, "", "goauth https://git.example.org/team/x"},
		{token, "", "netrc wide"},
		{token, "", "xoauth2 wide --user ada@example.org"},
		{token, "", "oauthbearer wide --user ada@example.org --host imap.example.org"},
		{nil, gitAsks + "username=x\npassword=not-a-token-of-ours\n\n", "git store"},
		{nil, "", "git capability"},
		{nil, "", "docker list"},
	} {
		out := s.works(c.may, c.stdin, append([]string{"helper"}, strings.Fields(c.args)...)...)
		if len(c.may) > 0 && len(newSearch(s.ledger.known()).in(out)) == 0 {
			s.t.Errorf("helper %s gave nothing", c.args)
		}
	}
}

// misledHelpers are told secrets that are not theirs.
func (s *story) misledHelpers() {
	token := []kind{accessToken}
	for _, k := range []kind{accessToken, refreshToken, idToken, clientSecret} {
		secret := s.ledger.of(k)[0]
		login := gitAsks + "username=x\npassword=" + secret + "\n\n"
		s.do(nil, login, "helper", "git", "store")
		s.do(nil, login, "helper", "git", "erase")
		s.do(token, "protocol=https\nhost=git.example.org\npath="+secret+"\n\n", "helper", "git", "get")
		s.do(nil, "protocol="+secret+"\nhost="+secret+"\n"+secret+"\n\n", "helper", "git", "get")
		s.do(nil, `{"ServerURL":"git.example.org","Username":"x","Secret":"`+secret+`"}`, "helper", "docker", "store")
		s.do(nil, `{"ServerURL":"git.example.org","Secret":["`+secret+`"]}`, "helper", "docker", "store")
		s.do(nil, `{"ServerURL":"git.example.org","Secret":"`+secret, "helper", "docker", "store")
		s.do(token, "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: "+secret+"\n\n", "helper", "goauth", "https://git.example.org/x")
	}
	s.do(nil, "git.example.org\n", "helper", "docker", "erase")
}

// awsHelper goes to an STS that is careless first.
func (s *story) awsHelper() {
	s.t.Helper()
	careless := true
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.PostFormValue("WebIdentityToken")
		s.ledger.remember(token, idToken)
		if careless {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `<ErrorResponse><Error><Code>%s</Code><Message>%s is not good</Message></Error></ErrorResponse>`, token[:40], token)
			return
		}
		for _, secret := range []string{"aws-secret-key-1f0c9d", "aws-session-token-77aa02"} {
			s.ledger.remember(secret, awsSecret)
		}
		fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>`+
			`<SecretAccessKey>aws-secret-key-1f0c9d</SecretAccessKey><SessionToken>aws-session-token-77aa02</SessionToken><Expiration>%s</Expiration>`+
			`</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	defer sts.Close()
	asks := []string{"helper", "aws", "wide", "--role-arn", "arn:aws:iam::123456789012:role/Dev", "--sts-endpoint", sts.URL}
	if r := s.do(nil, "", asks...); r.code == 0 {
		s.t.Error("the helper takes an error for credentials")
	}
	careless = false
	if out := s.works([]kind{awsSecret}, "", asks...); !strings.Contains(out, "ASIA1") {
		s.t.Error("the helper gives no credentials")
	}
}

// setUp shows, and writes, how each tool is set up.
func (s *story) setUp() {
	s.t.Helper()
	aws, mail := "--role-arn arn:aws:iam::123456789012:role/Dev", "--user ada@example.org --host mail.example.org"
	for tool, flags := range map[string]string{
		"git": "", "docker": "", "kubectl": "", "goauth": "", "aws": aws, "npm": "", "pip": "--index https://pip.example.org/simple",
		"msmtp": mail, "mbsync": mail, "neomutt": mail, "curl": "",
	} {
		args := append([]string{"setup", tool, "wide"}, strings.Fields(flags)...)
		s.works(nil, "", args...)
		s.do(nil, "", append(args, "--write")...) // some have nothing that could be written
	}
}

// runTools gives a token to a program, and lets programs be named.
func (s *story) runTools() {
	s.t.Helper()
	s.works(nil, "", "exec", "wide", "--", execTool, "argument")
	s.works(nil, "", "exec", "wide", "--var", "SOME_TOKEN", "--", execTool)
	s.do(nil, "", "exec", "wide", "--", "no-such-program")
	s.works(nil, "", "allow", "wide", "/usr/bin/id")
	s.works(nil, "", "allow", "wide")
	s.works(nil, "", "allow", "wide", "--forget", "/usr/bin/id")
	if out := s.works(nil, "", "log", "--json", "--count", "1000"); !strings.Contains(out, `"wide"`) {
		s.t.Error("the record does not tell of the reads")
	}
	s.works(nil, "", "log")
	s.do(nil, "", "doctor")
	s.do(nil, "", "doctor", "--json")
	s.works(nil, "", "providers", "practice")
}

// registrar stands in front of the provider, and makes it issue secrets to the
// clients that register themselves. The first that comes it refuses, carelessly,
// also without a sign-in by a code, for fewer scopes, and without refresh tokens.
type registrar struct{ refused int }

// Wrap puts it in front.
func (g *registrar) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/register" {
			next.ServeHTTP(w, r)
			return
		}
		if g.refused < 4 {
			g.refused++
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":"invalid_client_metadata","error_description":"not with client_secret half-made-4417ac09be","client_secret":"half-made-4417ac09be"}`)
			return
		}
		asked, _ := io.ReadAll(r.Body)
		text := strings.Replace(string(asked), `"token_endpoint_auth_method":"none"`, `"token_endpoint_auth_method":"client_secret_post"`, 1)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		made := httptest.NewRecorder()
		next.ServeHTTP(made, r)
		w.WriteHeader(made.Code)
		io.WriteString(w, strings.Replace(made.Body.String(), "{",
			`{"registration_access_token":"registration-5d2e8c4b10","registration_client_uri":"https://op.example/register/1",`, 1))
	})
}

// mcpServer is as much of an MCP server as it takes to be connected to.
func mcpServer(t testing.TB, issuer string) (at string) {
	t.Helper()
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	const meta = "/.well-known/oauth-protected-resource/mcp"
	mux.HandleFunc(meta, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"resource":"%s/mcp","authorization_servers":[%q],"scopes_supported":["openid","offline_access"]}`, srv.URL, issuer)
	})
	mux.HandleFunc("/mcp", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="`+srv.URL+meta+`"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	return srv.URL + "/mcp"
}

// registered connects to the MCP server, whose issuer gives the client a secret.
func (s *story) registered() {
	s.t.Helper()
	s.refused(allows, "files", "--no-browser")
	before := len(s.ledger.of(clientSecret))
	s.connected(allows, "files", "--no-browser")
	if len(s.ledger.of(clientSecret)) == before || len(s.ledger.of(registration)) == 0 {
		s.t.Error("the client that registered itself was given no secret")
	}
	s.must("", "token", "files")
	s.must("", "refresh", "files")
	for _, e := range echoes()[:3] {
		s.echoed(e, "/token", func() { s.do(nil, "", "refresh", "files") })
		s.heal("files")
	}
	s.must("", "status", "files", "--json")
	s.works([]kind{accessToken}, "", "helper", "oauthbearer", "files", "--user", "ada@example.org")
	s.do(nil, url.Values{"x": s.ledger.of(registration)}.Encode(), "secret", "set", "no-such-connection")
}
