package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/authtray/authtray/tokens"
)

// TestHeadersOfOneHopStayBehind: RFC 9110 §7.6.1, on either side.
func TestHeadersOfOneHopStayBehind(t *testing.T) {
	seen := make(chan *http.Request, 1)
	g := newRig(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r
		h := w.Header()
		h.Set("Connection", "X-Hop")
		h.Set("X-Hop", "1")
		h.Set("Keep-Alive", "timeout=5")
		h.Set("Proxy-Authenticate", "Basic")
		h.Set("Set-Cookie", "session=1")
		h.Set("Alt-Svc", `h3=":443"`)
		h.Set("X-Kept", "1")
		h.Set("Trailer", "X-Sum")
		io.WriteString(w, "body")
		h.Set("X-Sum", "42")
	})
	answer, body := g.send(g.request("GET", "/x", nil,
		"Connection", "X-Hop, Authorization, Keep-Alive", "X-Hop", "1", "Keep-Alive", "timeout=5", "TE", "trailers, gzip", "Upgrade", "h2c", "HTTP2-Settings", "AAMAAABkAAQAAP__",
		"Proxy-Connection", "keep-alive", "Proxy-Authorization", "Basic x", "Cookie", "a=b", "Authorization", "Bearer mine",
		"X-Forwarded-For", "1.2.3.4", "Forwarded", "for=1.2.3.4", "Expect", "100-continue", "X-Kept", "1"))
	r := <-seen
	for _, name := range []string{"Connection", "X-Hop", "Keep-Alive", "Upgrade", "Proxy-Connection", "Proxy-Authorization", "Cookie", "X-Forwarded-For", "Forwarded", "Expect"} {
		if got := r.Header.Get(name); got != "" {
			t.Errorf("the API got %s: %s", name, got)
		}
	}
	if r.Header.Get("Authorization") != "Bearer at-1" || r.Header.Get("X-Kept") != "1" || r.Header.Get("TE") != "trailers" || r.Header.Get("Accept-Encoding") != "identity" {
		t.Errorf("the API got %v", r.Header)
	}
	for _, name := range []string{"X-Hop", "Keep-Alive", "Proxy-Authenticate", "Set-Cookie", "Alt-Svc"} {
		if got := answer.Header.Get(name); got != "" {
			t.Errorf("the tool got %s: %s", name, got)
		}
	}
	if body != "body" || answer.Header.Get("X-Kept") != "1" || answer.Trailer.Get("X-Sum") != "42" {
		t.Errorf("the tool got %q, %v, trailer %v", body, answer.Header, answer.Trailer)
	}
}

func TestABodyThatWaitsForLeaveIsGivenIt(t *testing.T) {
	g := newRig(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	tool, in := g.line()
	fmt.Fprint(tool, "PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	if leave, err := in.ReadString('\n'); leave != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v", leave, err)
	}
	in.ReadString('\n')
	io.WriteString(tool, "body")
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(answer.Body); string(body) != "body" {
		t.Errorf("%q", body)
	}
}

func TestWhatIsNoRequestToTheAPIIsRefused(t *testing.T) {
	g := newRig(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the API got %s %s", r.Method, r.RequestURI) })
	for _, head := range []string{
		"GET http://evil.example/x HTTP/1.1\r\nHost: evil.example",
		"GET " + g.api.URL + "/x HTTP/1.1\r\nHost: h",
		"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443",
		"CONNECT /x HTTP/1.1\r\nHost: h",
		"TRACE /x HTTP/1.1\r\nHost: h",
		"track /x HTTP/1.1\r\nHost: h",
		"GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: WebSocket",
		"GET /../x HTTP/1.1\r\nHost: h",
		"GET /%2e%2E/x HTTP/1.1\r\nHost: h",
		"GET /a%2f..%2fb HTTP/1.1\r\nHost: h",
		"GET /..;/x HTTP/1.1\r\nHost: h",
		"GET /https://evil.example/x HTTP/1.1\r\nHost: h",
		"GET /" + strings.Replace(g.api.URL, "http://", "http://user@", 1) + "/x HTTP/1.1\r\nHost: h",
	} {
		tool, in := g.line()
		fmt.Fprint(tool, head+"\r\n\r\n")
		answer, err := http.ReadResponse(in, nil)
		if err != nil || answer.StatusCode != 599 {
			t.Errorf("%q: %v, %v", head, answer, err)
			continue
		}
		if e := g.failure(); e.Code != tokens.CodeBadRequest || !strings.HasSuffix(e.Detail, ".") {
			t.Errorf("%q: %+v", head, e)
		}
		tool.Close()
	}
}

func TestThePathGoesAsItCame(t *testing.T) {
	seen := make(chan string, 1)
	g := newRig(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r.RequestURI })
	for asked, want := range map[string]string{
		"/a%2Fb/c%20d":                    "/a%2Fb/c%20d",
		"/a//b/":                          "/a//b/",
		"/x?q=a%2Fb&r=..%2f;":             "/x?q=a%2Fb&r=..%2f;",
		"/time/12:30":                     "/time/12:30",
		"/items:list":                     "/items:list",
		"/https:evil.example":             "/https:evil.example", // a path of the API's
		"/" + g.api.URL + "/page?after=2": "/page?after=2",
	} {
		tool, in := g.line()
		fmt.Fprint(tool, "GET "+asked+" HTTP/1.1\r\nHost: h\r\n\r\n")
		if answer, err := http.ReadResponse(in, nil); err != nil || answer.StatusCode != 200 {
			t.Errorf("%s: %v, %v", asked, answer, err)
			continue
		}
		if got := <-seen; got != want {
			t.Errorf("%s arrived as %s", asked, got)
		}
	}
}

// TestAnAPIThatChangesTheProtocolUnaskedIsAnError: and what it says is not
// repeated.
func TestAnAPIThatChangesTheProtocolUnaskedIsAnError(t *testing.T) {
	g := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "evil")
		w.WriteHeader(http.StatusSwitchingProtocols)
	})
	g.send(g.request("GET", "/x", nil))
	if e := g.failure(); e.Code != tokens.CodeTemporarilyUnavailable || strings.Contains(e.Detail, "evil") {
		t.Errorf("%+v", e)
	}
}

func TestARelativeRedirectIsMadeAbsolute(t *testing.T) {
	g := newRig(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "../next?x=1")
		w.WriteHeader(303)
	})
	if answer, _ := g.send(g.request("GET", "/a/b/c", nil)); answer.StatusCode != 303 || answer.Header.Get("Location") != g.api.URL+"/a/next?x=1" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
}
