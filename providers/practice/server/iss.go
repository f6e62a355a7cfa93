package server

import (
	"net/http"
	"net/url"
	"strings"
)

// withIss adds iss to every redirect that leaves this server with a code or an
// error (RFC 9207), which pkg/op does not.
func withIss(issuer string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&issWriter{ResponseWriter: w, issuer: issuer}, r)
	})
}

type issWriter struct {
	http.ResponseWriter
	issuer string
}

func (w *issWriter) WriteHeader(status int) {
	if to := w.Header().Get("Location"); to != "" {
		w.Header().Set("Location", addIss(to, w.issuer))
	}
	w.ResponseWriter.WriteHeader(status)
}

func addIss(location, issuer string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" || strings.HasPrefix(location, issuer+"/") {
		return location
	}
	q := u.Query()
	if !q.Has("code") && !q.Has("error") {
		return location
	}
	q.Set("iss", issuer)
	u.RawQuery = q.Encode()
	return u.String()
}
