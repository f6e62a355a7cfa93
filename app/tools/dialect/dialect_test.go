package dialect

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestWhoseUserNameGoesWithAToken(t *testing.T) {
	for _, c := range []struct{ demanded, tools, account, want string }{
		{"oauth2", "ada", "Ada", "oauth2"}, // GitLab takes an OAuth token from this user only
		{"", "ada", "grace", "ada"},
		{"", "", "ada", "ada"},
		{"", "", "ada@example.org", "ada@example.org"},
		{"", "", "Ada Lovelace", "oauth2"},
		{"", "", "", "oauth2"},
		{"", "a:b", "", "oauth2"}, // would end the user name in an Authorization header
		{"", "a\nb", "\x1b[1m", "oauth2"},
	} {
		if got := UserName(c.demanded, c.tools, c.account); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestTokensTravelOverTLSOrStayOnThisMachine(t *testing.T) {
	for _, c := range []struct {
		scheme, host string
		want         bool
	}{
		{"https", "git.example", true}, {"https", "git.example:8443", true},
		{"http", "127.0.0.1", true}, {"http", "127.0.0.1:8080", true}, {"http", "[::1]:8080", true}, {"http", "::1", true}, {"http", "127.9.9.9:1", true},
		{"http", "localhost", true}, {"http", "localhost:3000", true}, {"http", "git.localhost", false}, {"http", "localhost.example", false},
		{"http", "git.example", false}, {"http", "127.0.0.1.evil.example", false}, {"http", "10.0.0.1:80", false},
		{"https", "", false}, {"ssh", "127.0.0.1", false}, {"", "127.0.0.1", false}, {"file", "", false},
	} {
		if got := Secure(c.scheme, c.host); got != c.want {
			t.Errorf("%s://%s: %v", c.scheme, c.host, got)
		}
	}
}

func TestDockerServersAreHosts(t *testing.T) {
	for server, want := range map[string]string{
		"ghcr.io": "ghcr.io", "registry.example:5000": "registry.example:5000", "https://index.docker.io/v1/": "index.docker.io",
		"127.0.0.1:5000": "127.0.0.1:5000", "http://127.0.0.1:5000": "127.0.0.1:5000",
		"http://registry.example": "", "": "", "https://": "", "https://ada@x": "", "%": "",
	} {
		if got, ok := DockerHost(server); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", server, got, ok)
		}
	}
}

func TestDockerIsAnsweredInItsJSON(t *testing.T) {
	server, err := ReadDockerServer(strings.NewReader("https://reg.example/v1/\n"))
	got, err2 := Docker(server, ada)
	if want := `{"ServerURL":"https://reg.example/v1/","Username":"ada","Secret":"at-1"}` + "\n"; string(got) != want || err != nil || err2 != nil {
		t.Errorf("%s%v %v", got, err, err2)
	}
	if _, err := ReadDockerServer(strings.NewReader(" \n")); err == nil || err.Error() != dockerMissing {
		t.Errorf("%v", err)
	}
	stored, err := ReadDockerCredential(strings.NewReader(string(got)))
	if err != nil || stored.Secret != "at-1" || stored.ServerURL != server {
		t.Errorf("%+v %v", stored, err)
	}
	for _, bad := range []string{"", "{", "{}", "[]"} {
		if _, err := ReadDockerCredential(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzDocker(f *testing.F) {
	for _, seed := range []string{`{"ServerURL":"x","Username":"a","Secret":"s"}`, "https://index.docker.io/v1/", "http://127.0.0.1:5000", "", "//", "::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		ReadDockerCredential(strings.NewReader(in))
		if server, err := ReadDockerServer(strings.NewReader(in)); err == nil {
			if host, ok := DockerHost(server); ok != (host != "") || strings.ContainsAny(host, "/ \n") {
				t.Fatalf("%q: %q, %v", in, host, ok)
			}
		}
	})
}

func TestKubectlIsAnsweredInTheVersionThatItAsksFor(t *testing.T) {
	for info, want := range map[string]string{
		"": "client.authentication.k8s.io/v1beta1",
		`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":true}}`:                    "client.authentication.k8s.io/v1",
		`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"cluster":{"server":"https://x"}}}`: "client.authentication.k8s.io/v1beta1",
		`{"apiVersion":"client.authentication.k8s.io/v1alpha1"}`:                                                                  "",
		`{`: "", `{}`: "",
	} {
		if got, err := KubeVersion(info); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", info, got, err)
		}
	}
	got, err := Kube("client.authentication.k8s.io/v1", "at-1", noon.Add(time.Millisecond))
	want := `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{},"status":{"token":"at-1","expirationTimestamp":"2026-11-23T12:00:00Z"}}` + "\n"
	if string(got) != want || err != nil {
		t.Errorf("%s %v", got, err)
	}
	if got, _ := Kube("v", "at-1", time.Time{}); strings.Contains(string(got), "expiration") {
		t.Errorf("a token that never expires: %s", got)
	}
	if _, err := Kube("v", "a b", noon); !errors.Is(err, ErrUnfit) {
		t.Errorf("%v", err)
	}
}

func TestGoIsGivenAHeaderForAPrefix(t *testing.T) {
	got, err := GoAuth("https://go.example/", "Authorization: Bearer at-1")
	if want := "https://go.example/\n\nAuthorization: Bearer at-1\n\n"; got != want || err != nil {
		t.Errorf("%q %v", got, err)
	}
	if _, err := GoAuth("https://go.example/", "Authorization: Bearer x\nEvil: 1"); !errors.Is(err, ErrUnfit) {
		t.Errorf("%v", err)
	}
	for raw, good := range map[string]bool{"https://go.example/mod?go-get=1": true, "http://go.example/": false, "go.example": false, "": false, "https://": false} {
		if _, err := GoURL(raw); (err == nil) != good {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestGoTellsARefusedTokenFromAMissingOne(t *testing.T) {
	for answer, want := range map[string]bool{
		"HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer realm=\"x\", error=\"invalid_token\"\n\n":     true,
		"HTTP/2.0 401 Unauthorized\nWww-Authenticate: Basic realm=a, Bearer error=invalid_token\nX: y\n\n": true,
		"HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer realm=\"x\"\n\n":                              false,
		"HTTP/1.1 401 Unauthorized\n\n": false,
		"HTTP/1.1 404 Not Found\nWWW-Authenticate: Bearer error=\"invalid_token\"\n\n": false,
		"": false, "nonsense": false,
	} {
		if got := GoTokenRefused(strings.NewReader(answer)); got != want {
			t.Errorf("%q: %v", answer, got)
		}
	}
}

func FuzzGoTokenRefused(f *testing.F) {
	f.Add("HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer error=\"invalid_token\"\n\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, in string) {
		if GoTokenRefused(strings.NewReader(in)) && !strings.Contains(in, "invalid_token") {
			t.Fatalf("%q", in)
		}
	})
}

func TestMailIsGivenSASLStrings(t *testing.T) {
	// The example of Google's XOAUTH2 page, and that of RFC 7628 §4.1.
	got, err := XOAuth2("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")
	want := "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
	if got != want || err != nil {
		t.Errorf("%s %v", got, err)
	}
	got, err = OAuthBearer("user@example.com", "server.example.com", 143, "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")
	want = "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
	if got != want || err != nil {
		t.Errorf("%s %v", got, err)
	}
	odd, _ := OAuthBearer("a=b,c", "", 0, "t")
	if plain, _ := base64.StdEncoding.DecodeString(odd); string(plain) != "n,a=a=3Db=2Cc,\x01auth=Bearer t\x01\x01" {
		t.Errorf("%q", plain)
	}
	for _, bad := range [][2]string{{"", "t"}, {"a\x01b", "t"}, {"a", "t\x01"}} {
		if _, err := XOAuth2(bad[0], bad[1]); !errors.Is(err, ErrUnfit) {
			t.Errorf("%q: %v", bad, err)
		}
		if _, err := OAuthBearer(bad[0], "", 0, bad[1]); !errors.Is(err, ErrUnfit) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestNetrcHoldsPlainWordsOnly(t *testing.T) {
	for _, c := range []struct {
		host string
		l    Login
		want string
	}{
		{"pip.example", ada, "machine pip.example login ada password at-1\n"},
		{"pip.example:8443", ada, "machine pip.example login ada password at-1\n"},
		{"pip.example", Login{User: "a b", Token: "t"}, ""},
		{"pip.example", Login{User: "a", Token: "t\nmachine evil"}, ""},
		{"pip.example", Login{User: "a", Token: `t"`}, ""},
		{"pip.example", Login{User: "#a", Token: "t"}, ""},
		{"", ada, ""},
	} {
		if got, err := Netrc(c.host, c.l); got != c.want || errors.Is(err, ErrUnfit) != (c.want == "") {
			t.Errorf("%q %+v: %q, %v", c.host, c.l, got, err)
		}
	}
}

func TestIDTokensSayWhenTheyEnd(t *testing.T) {
	token := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".sig"
	}
	for text, want := range map[string]int64{
		token(`{"exp":1795435200}`): 1795435200, token(`{"exp":1795435200.5,"sub":"x"}`): 1795435200,
		token(`{}`): 0, token(`{"exp":"soon"}`): 0, token(`{"exp":-1}`): 0, token(`{"exp":1e300}`): 0, token(`x`): 0, "a.b": 0, "": 0, "a.%.c": 0,
	} {
		got, err := IDTokenEnds(text)
		if err != nil && want != 0 || err == nil && got.Unix() != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
}
