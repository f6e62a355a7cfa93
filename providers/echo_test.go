package providers

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

const longSecret = "1//0gAbCdEfGhIjKlMnOpQrStUvWxYz-0123456789_aBcDeFgHiJkLmNoPqRsTuVwXyZ.0123456789"

func TestACodeThatHoldsAPieceOfASecretIsNotShown(t *testing.T) {
	safe := refusal.SafeText(longSecret)
	for code, want := range map[string]bool{
		refusal.SafeCode(longSecret):                                  true,
		refusal.SafeCode("the token " + longSecret + " is not known"): true,
		refusal.SafeCode("bad_" + longSecret):                         true,
		"x" + safe[len(safe)-20:]:                                     true,
		safe[20:30]:                                                   true,
		"invalid_grant":                                               false,
		"invalid_refresh_token":                                       false,
		"unknown":                                                     false,
		safe[:echoLength-1]:                                           false,
	} {
		if got := echoes(code, []string{"short", "", longSecret}); got != want {
			t.Errorf("%q: echo %v", code, got)
		}
	}
}

func TestTheNamesOfParametersAreNoSecrets(t *testing.T) {
	p := newRecord(t, answers(400, `{"error":"bad_refresh_token"}`))
	c := testClient(t, testEntry(p.URL))
	_, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: longSecret, Binding: bindingOf(t, c)})
	if f := failureOf(t, err); f.Code != "bad_refresh_token" {
		t.Errorf("%+v", f)
	}
}

// Whatever is asked, and wherever the provider repeats it: the failure says
// nothing of it, in its text or its cause.
func TestNoFailureRepeatsWhatWasSent(t *testing.T) {
	for name, raw := range map[string]string{
		"code":              body400(`{"error":"SECRET"}`),
		"sentence":          body400(`{"error":"the token SECRET is not known"}`),
		"message":           body400(`{"message":"SECRET"}`),
		"object":            body400(`{"error":{"code":"x SECRET"}}`),
		"header":            "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer error=\"SECRET\"\r\nContent-Length: 0\r\n\r\n",
		"redirect":          "HTTP/1.1 302 Found\r\nLocation: http://[SECRET]:%zz/\r\nContent-Length: 0\r\n\r\n",
		"no HTTP":           "SECRET\r\n\r\n",
		"status":            "HTTP/1.1 SECRET\r\n\r\n",
		"malformed header":  "HTTP/1.1 400 Bad\r\nSECRET\r\n\r\n",
		"malformed length":  "HTTP/1.1 400 Bad\r\nContent-Length: SECRET\r\n\r\n",
		"unknown encoding":  "HTTP/1.1 400 Bad\r\nTransfer-Encoding: SECRET\r\n\r\n",
		"malformed chunk":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nSECRET\r\n",
		"protocol's place":  "SECRET 200 OK\r\n\r\n",
		"HTTP/2":            "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + goAway("SECRET"),
		"HTTP/2 at once":    goAway("SECRET"),
		"HTTP/2's preface":  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nSECRET",
		"an upgrade to it":  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + goAway("SECRET"),
		"an early hint":     "HTTP/1.1 103 Early Hints\r\nLink: SECRET\r\n\r\nHTTP/1.1 SECRET\r\n\r\n",
		"reason of a error": "HTTP/1.1 500 SECRET\r\nContent-Length: 0\r\n\r\n",
	} {
		base := sayRaw(t, strings.ReplaceAll(raw, "SECRET", longSecret))
		e := testEntry(base)
		e.Client = catalog.ClientRules{Auth: "basic"}
		e.Device, e.PAR, e.Revoke.URL, e.Whoami.URL = base+"/device", base+"/par", base+"/revoke", base+"/me?t={access_token}"
		c := testClient(t, e, withSecret(longSecret))
		made := bindingOf(t, c)
		_, refresh := c.Refresh(t.Context(), RefreshRequest{RefreshToken: longSecret, Binding: made})
		_, exchange := c.exchange(t.Context(), longSecret, "verifier", "http://127.0.0.1/", "", nil)
		_, device := c.deviceAuthorization(t.Context(), endpoints{Device: e.Device}, AuthorizeOptions{}, nil)
		_, push := c.push(t.Context(), endpoints{PAR: e.PAR}, authorizeParams{State: longSecret})
		_, whoami := c.Whoami(t.Context(), Answer{AccessToken: longSecret})
		_, poll, _ := c.pollOnce(t.Context(), e.Token, longSecret)
		for what, err := range map[string]error{
			"refresh": refresh, "exchange": exchange, "device": device, "push": push, "whoami": whoami, "poll": poll,
			"revoke": c.Revoke(t.Context(), Revocation{RefreshToken: longSecret, Binding: made}),
		} {
			f := failureOf(t, err)
			if text := fmt.Sprintf("%v %+v %v", f, *f, f.Err); echoes(refusal.SafeText(text), []string{longSecret}) {
				t.Errorf("%s, %s: the failure repeats the secret", name, what)
			}
		}
		req, _ := http.NewRequestWithContext(t.Context(), "GET", base+"/api", nil)
		if _, err := c.SendAPI(req); err != nil && echoes(refusal.SafeText(err.Error()), []string{longSecret}) {
			t.Errorf("%s, API: the error repeats the secret", name)
		}
	}
}

// goAway is the HTTP/2 frame that ends a connection, with what it says for debugging;
// SECRET stands for as much as longSecret.
func goAway(debug string) string {
	size := 8 + len(strings.ReplaceAll(debug, "SECRET", longSecret))
	return string([]byte{0, byte(size >> 8), byte(size), 7, 0, 0, 0, 0, 0}) + "\x00\x00\x00\x00\x00\x00\x00\x00" + debug
}

// HTTP/2 has messages of its own that the library logs; none are met where nobody
// speaks it: to providers, and to their APIs over the same transport.
func TestNoHTTP2IsSpokenToProvidersAndTheirAPIs(t *testing.T) {
	var offered []string // by one request at a time
	srv := httptest.NewUnstartedServer(answers(200, goodAnswer))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	srv.TLS.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		offered = append(offered, append(hello.SupportedProtos, "")...)
		return nil, nil
	}
	transport := newTransport(srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs)
	c := testClient(t, testEntry(srv.URL), func(_ *catalog.Connection, o *ClientOptions) { o.Transport = transport })
	if _, err := refreshWith(t, c); err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/api", nil)
	answer, err := c.SendAPI(req)
	if err != nil || answer.ProtoMajor != 1 || len(offered) == 0 || slices.Contains(offered, "h2") {
		t.Errorf("offered %q: %v", offered, err)
	}
}

func body400(body string) string {
	return fmt.Sprintf("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n%s", body)
}

// sayRaw answers every request with the same bytes, and hangs up.
func sayRaw(t *testing.T, text string) (base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					c.Write([]byte(text))
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestAnErrorInTheBrowserThatRepeatsTheStateIsNotShown(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	state := asked(t, f).Get("state")
	browse(t, redirect(t, f, "error", "bad_"+state))
	_, err := w.wait(f)
	if got := failureOf(t, err); got.Code != "unknown" || echoes(refusal.SafeText(got.Detail), []string{state}) {
		t.Errorf("told as %q", got.Code)
	}
}

// Whatever a provider says of its refusal, and however it repeats what it was sent:
// people see none of it.
func TestWordsOfAProviderRepeatNothingThatWasSent(t *testing.T) {
	piece := longSecret[10:40]
	for name, words := range map[string]string{
		"whole":                    "the token " + longSecret + " is not known",
		"cut off":                  "the token " + longSecret[:24] + "... is not known",
		"its end":                  "…" + longSecret[len(longSecret)-12:],
		"in upper case":            strings.ToUpper(piece),
		"percent-encoded":          url.QueryEscape(longSecret) + " is not known",
		"percent-encoded, cut off": "token=" + strings.ToLower(url.QueryEscape(longSecret))[:20],
		"in pieces":                piece[:15] + " " + piece[15:],
		"just before the end":      strings.Repeat("no ", 24) + longSecret,
		"another token":            "try " + strings.Repeat("eyJhbGciOi", 5),
	} {
		for where, body := range map[string]string{"error_description": `{"error":"invalid_request","error_description":%q}`, "message": `{"error":{"message":%q}}`} {
			t.Run(name+" in "+where, func(t *testing.T) {
				p := newRecord(t, answers(400, fmt.Sprintf(body, words)))
				c := testClient(t, testEntry(p.URL))
				_, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: longSecret, Binding: bindingOf(t, c)})
				f := failureOf(t, err)
				for i := 0; i+echoLength <= len(longSecret); i++ {
					if strings.Contains(strings.ToLower(f.Said), strings.ToLower(longSecret[i:i+echoLength])) {
						t.Fatalf("people see %q", f.Said)
					}
				}
				if strings.Contains(f.Said, "eyJhbGciOieyJ") || len([]rune(f.Said)) > len(f.Code)+2+maxSaid+1 {
					t.Errorf("people see %q", f.Said)
				}
				if strings.Contains(f.Detail, "known") || strings.Contains(f.Error(), "known") {
					t.Errorf("it stands in what is logged: %v", f)
				}
			})
		}
	}
}

func TestWordsOfAProviderAreShownAsOneLineOfASCII(t *testing.T) {
	for words, want := range map[string]string{
		"nonce required":                          "invalid_request: nonce required",
		"  two\nlines\tand a tab ":                "invalid_request: two lines and a tab",
		"\x1b[2Jcleared \u202e turned \"quoted\"": "invalid_request: [2Jcleared turned 'quoted'",
		"":                          "",
		strings.Repeat("word ", 40): "invalid_request: " + strings.Repeat("word ", 16) + "…",
	} {
		t.Run(words, func(t *testing.T) {
			body, _ := json.Marshal(map[string]string{"error": "invalid_request", "error_description": words})
			p := newRecord(t, answers(400, string(body)))
			_, err := refreshWith(t, testClient(t, testEntry(p.URL)))
			if f := failureOf(t, err); f.Said != want {
				t.Errorf("people see %q, want %q", f.Said, want)
			}
		})
	}
}

// The case of a server that wants a nonce, or whose redirect URI is another: its words
// are what leads on.
func TestWordsOfARefusedSignInAreKeptForPeople(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	browse(t, redirect(t, f, "error", "invalid_request", "error_description", "nonce required, not "+asked(t, f).Get("state")))
	_, err := w.wait(f)
	if got := failureOf(t, err); got.Said != "invalid_request: nonce required, not …" || strings.Contains(got.Detail, "nonce") {
		t.Errorf("%q beside %q", got.Said, got.Detail)
	}
}
