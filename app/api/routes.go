package api

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// call is one request on its way through a handler.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	name string // {name} of the route: a NAME, an ID, a HOST or a TOOL
}

// handler answers a call, or returns the error to answer with; it does not do
// both.
type handler func(*Server, call) error

// route is a pattern of http.ServeMux, with its method, and what answers it.
type route struct {
	pattern string
	handler handler
}

// routes is the surface of the socket, but for api/ (apiTarget), which is not one
// path.
var routes = []route{
	{"GET /v1/connections", (*Server).list},
	{"GET /v1/connections/{name}", (*Server).show},
	{"PUT /v1/connections/{name}", (*Server).put},
	{"DELETE /v1/connections/{name}", (*Server).remove},
	{"PUT /v1/connections/{name}/secret", (*Server).secret},
	{"GET /v1/connections/{name}/token", (*Server).token},
	{"POST /v1/connections/{name}/rejected", (*Server).rejected},
	{"POST /v1/connections/{name}/refresh", (*Server).refresh},
	{"POST /v1/connections/{name}/connect", (*Server).connect},
	{"POST /v1/connections/{name}/connect/redirect", (*Server).redirect},
	{"DELETE /v1/connections/{name}/connect", (*Server).cancel},
	{"DELETE /v1/connections/{name}/grant", (*Server).disconnect},
	{"GET /v1/hosts/{name}", (*Server).host},
	{"POST /v1/helpers/{name}", (*Server).helper},
	{"POST /v1/helpers/kubectl/{name}", (*Server).helpKubectl},
	{"GET /v1/providers", (*Server).providers},
	{"GET /v1/providers/{name}", (*Server).provider},
	{"GET /v1/events", (*Server).events},
	{"GET /v1/log", (*Server).reads},
	{"GET /v1/doctor", (*Server).doctor},
	{"GET /v1/settings", (*Server).settings},
	{"PATCH /v1/settings", (*Server).patchSettings},
	{"GET /v1/health", (*Server).health},
	{"POST /v1/window", (*Server).window},
	{"POST /v1/unlock", (*Server).unlock},
	{"POST /v1/quit", (*Server).quit},
}

// handle serves the routes, and tells who uses another method which ones there are.
func (s *Server) handle(routes []route) {
	methods := map[string][]string{}
	for _, r := range routes {
		method, path, _ := strings.Cut(r.pattern, " ")
		methods[path] = append(methods[path], method)
		s.mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { s.answer(w, req, r.handler) })
	}
	for path, allowed := range methods {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { s.fail(w, wrongMethod(allowed)) })
	}
}

// answer reads the body and calls the handler.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, h handler) {
	var err error
	if r.Method == http.MethodHead { // ServeMux takes it for GET, and nothing of a token would arrive
		err = wrongMethod([]string{http.MethodGet})
	}
	if err == nil {
		err = bufferBody(w, r)
	}
	if err == nil {
		err = h(s, call{w, r, r.PathValue("name")})
	}
	if err != nil {
		s.fail(w, s.suggest(err, r.PathValue("name")))
	}
}

func wrongMethod(allowed []string) error {
	return badRequest(fmt.Sprintf("This address takes %s.", strings.Join(allowed, ", ")))
}

// isClean reports whether ServeMux takes a path as it was sent. It would redirect
// from others, and nothing that is smuggled in a path is to be made into another.
func isClean(u *url.URL) bool {
	sent := u.EscapedPath()
	return strings.HasPrefix(sent, "/") && path.Clean(sent) == sent
}

// apiTarget takes /v1/connections/NAME/api/PATH apart. The rest is as it was
// sent, escaped and with its query: what may stand there is decided where the
// API's hosts are known. ServeMux cannot do that: PATH may be a whole URL, whose
// slashes it would clean away.
func apiTarget(u *url.URL) (name, rest string, ok bool) {
	parts := strings.SplitN(u.EscapedPath(), "/", 6)
	if len(parts) < 5 || parts[0] != "" || parts[1] != "v1" || parts[2] != "connections" || parts[4] != "api" {
		return "", "", false
	}
	name, err := url.PathUnescape(parts[3])
	if err != nil || name == "" {
		return "", "", false
	}
	if len(parts) == 6 {
		rest = parts[5]
	}
	if u.RawQuery != "" {
		rest += "?" + u.RawQuery
	}
	return name, rest, true
}
