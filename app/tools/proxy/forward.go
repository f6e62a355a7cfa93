package proxy

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// ours are the tool's headers that are not the API's business: credentials, which
// here is the token alone, and what this side has settled already.
var ours = []string{"Authorization", "Proxy-Authorization", "Cookie", "Cookie2", "Expect", "Upgrade", "Connection"}

// theirs are an answer's headers that stay behind: sessions, which are worth as
// much as the token, and other ways to an address that the tool does not see.
var theirs = []string{"Set-Cookie", "Set-Cookie2", "Alt-Svc"}

// refuse refuses what is no request to an API.
func refuse(r *http.Request) error {
	switch {
	case r.URL.IsAbs() || r.URL.Host != "" || r.Method == http.MethodConnect:
		return badRequest("This is no proxy for other hosts: send the request to /v1/connections/NAME/api/PATH.")
	case r.Method == http.MethodTrace || strings.EqualFold(r.Method, "TRACK"):
		return badRequest("TRACE would show the token: it repeats what it was sent.")
	case strings.EqualFold(strings.TrimSpace(r.Header.Get("Upgrade")), "websocket"):
		return badRequest("WebSockets are not carried: get a token and connect to the API yourself.")
	}
	return nil
}

// rewrite makes a tool's request, of which the headers of one hop are gone, the
// one to send.
func rewrite(out *http.Request, to *url.URL) {
	out.URL, out.Host = to, ""
	for _, name := range ours {
		out.Header.Del(name)
	}
	// Only what can be judged is asked for, and nothing is undone on the way.
	if acceptsGzip(out.Header.Values("Accept-Encoding")) {
		out.Header.Set("Accept-Encoding", "gzip")
	} else {
		out.Header.Set("Accept-Encoding", "identity")
	}
}

func acceptsGzip(values []string) bool {
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return !strings.HasPrefix(strings.TrimSpace(weight), "q=0") || strings.ContainsAny(weight, "123456789")
		}
	}
	return false
}

// handBack makes the API's answer the tool's. What the API says of a header goes
// before what this side would.
func handBack(w http.Header, answer *http.Response, asked *url.URL) {
	for _, name := range theirs {
		answer.Header.Del(name)
	}
	for name := range answer.Header {
		w.Del(name)
	}
	if at := answer.Header.Get("Location"); at != "" {
		if to, err := asked.Parse(at); err == nil {
			answer.Header.Set("Location", to.String())
		}
	}
}

// API is the provider's side of a connection: *providers.Client.
type API interface {
	API(path string, extra map[string]json.RawMessage) (*url.URL, error)
	AddAPIHeaders(r *http.Request, extra map[string]json.RawMessage)
	SendAPI(*http.Request) (*http.Response, error)
	Rejected(answer *http.Response, body []byte) bool
	RejectedNeedsBody(status int) bool
}

// Tokens are a connection's.
type Tokens interface {
	// Token waits for a token that is good now, until ctx ends.
	Token(ctx context.Context) (tokens.Token, error)
	// Rejected tells that the API refused a token, and waits for the one to use
	// now, which may be the same.
	Rejected(ctx context.Context, accessToken string) (tokens.Token, error)
}

// Forward sends r to the API at path, escaped and with its query, and streams the
// answer to w. An error means that nothing was answered; it is a *tokens.Error,
// or the end of r's context. An answer that breaks off on its way panics with
// http.ErrAbortHandler, so that the tool sees a broken one too.
func Forward(w http.ResponseWriter, r *http.Request, path string, api API, own Tokens) error {
	if err := refuse(r); err != nil {
		return err
	}
	a := &attempt{api: api, tokens: own}
	if err := a.begin(r.Context()); err != nil {
		return err
	}
	to, err := api.API(rooted(path), a.token.Extra)
	if err != nil {
		return badRequest(text.Sentence(err.Error()))
	}
	r, end := patiently(w, r)
	defer end()
	var failed error
	p := &httputil.ReverseProxy{
		Rewrite:        func(pr *httputil.ProxyRequest) { rewrite(pr.Out, to) },
		Transport:      a,
		FlushInterval:  -1,
		ModifyResponse: func(answer *http.Response) error { handBack(w.Header(), answer, to); return nil },
		ErrorHandler:   func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err },
		ErrorLog:       log.New(io.Discard, "", 0), // the tool is told, by an answer that breaks off
	}
	p.ServeHTTP(w, r)
	return failed
}

// rooted keeps a path such as items:list from being taken for a URL.
func rooted(path string) string {
	if scheme, _, ok := strings.Cut(path, "://"); ok && (strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http")) {
		return path
	}
	return "/" + path
}

func badRequest(detail string) error {
	return &tokens.Error{Code: tokens.CodeBadRequest, Detail: detail}
}
