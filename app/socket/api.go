package socket

import (
	"net/http"
	"net/url"
	"strings"
)

// apiTarget takes /v1/connections/NAME/api/PATH apart. The rest is as it was
// sent, escaped and with its query: what may stand there is decided where the
// API's hosts are known.
func apiTarget(u *url.URL) (name, rest string, ok bool) {
	parts := strings.SplitN(u.EscapedPath(), "/", 6)
	if len(parts) < 5 {
		return "", "", false
	}
	name, ok = match("/v1/connections/*/api", strings.Join(parts[:5], "/"))
	if len(parts) == 6 {
		rest = parts[5]
	}
	if u.RawQuery != "" {
		rest += "?" + u.RawQuery
	}
	return name, rest, ok
}

// api streams, so no deadline of this server's holds for it but those that the
// agent sets.
func (s *Server) api(w http.ResponseWriter, r *http.Request, name, path string) {
	if err := s.agent.Forward(w, r, name, path); err != nil {
		s.fail(w, err)
	}
}
