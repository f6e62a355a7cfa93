package proxy

import (
	"net/http"
	"net/url"
	"strings"
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
