//go:build !windows

package browser

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/authtray/authtray/providers/connlimit"
)

// How long a hidden URL can be had.
const (
	hiddenFor  = 10 * time.Minute // as long as a sign-in may take
	lingersFor = time.Minute      // after somebody came of whom the system does not tell who it is
)

// maxConnections bounds those to the address of a hidden URL.
const maxConnections = 64

// open gives a program that opens URLs nothing that another user may use. Every
// user of this machine may read its command line, and a browser's for as long as
// that runs; the query of an authorization URL holds the state, and with it and
// the code challenge beside it somebody else could end the sign-in with an account
// of their own. So what is on the command line is an address of ours, which leads
// to the URL, and to which other users are not admitted: see (*hidden).admit.
func open(ctx context.Context, log *slog.Logger, raw string) error {
	if !hasQuery(raw) {
		return start(ctx, log, raw)
	}
	h, err := hide(raw)
	if err != nil {
		return fmt.Errorf("the browser was not opened, since the link cannot be kept from other users of this machine (%w): copy the link and open it in a browser", err)
	}
	if err := start(ctx, log, h.address()); err != nil {
		h.end()
		return err
	}
	return nil
}

// hasQuery: a URL that may hold more than where something is.
func hasQuery(raw string) bool {
	u, err := url.Parse(raw)
	return err != nil || u.RawQuery != "" || u.Fragment != ""
}

// hidden is a URL behind an address on loopback that nobody can guess.
type hidden struct {
	url    string
	host   string
	path   string
	server *http.Server
	until  time.Time
	over   *time.Timer

	mu   sync.Mutex
	used bool
}

func hide(raw string) (*hidden, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	h := &hidden{url: raw, host: l.Addr().String(), path: "/open/" + hex.EncodeToString(secret)}
	h.server = &http.Server{Handler: connlimit.NoBody(h), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: 10 * time.Second, MaxHeaderBytes: connlimit.MaxHead,
		ErrorLog: log.New(io.Discard, "", 0)} // it would quote the request
	h.until = time.Now().Add(hiddenFor)
	h.over = time.AfterFunc(hiddenFor, h.end)
	go connlimit.Serve(h.server, l, maxConnections)
	return h, nil
}

func (h *hidden) address() string { return "http://" + h.host + h.path }

func (h *hidden) end() {
	h.over.Stop()
	h.server.Close()
}

func (h *hidden) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Cache-Control", "no-store")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	head.Set("Content-Type", "text/plain; charset=utf-8")
	status := h.decide(r)
	if status == http.StatusSeeOther {
		head.Set("Location", h.url)
	}
	w.WriteHeader(status)
	if status != http.StatusSeeOther {
		io.WriteString(w, "There is nothing here, or there is no more. If you were signing in, connect again from Authtray.\n")
	}
}

func (h *hidden) decide(r *http.Request) int {
	switch {
	case r.Method != http.MethodGet:
		return http.StatusMethodNotAllowed
	case !onLoopback(r.Host): // a name that was bound to 127.0.0.1
		return http.StatusBadRequest
	case !sameText(r.URL.Path, h.path):
		return http.StatusNotFound
	}
	return h.admit(callerOf(r))
}

// onLoopback: a Host that a browser on this computer uses, or one behind a port
// forwarder, which may give the port another number.
func onLoopback(hostport string) bool {
	u := url.URL{Host: hostport}
	return strings.EqualFold(u.Hostname(), "localhost") || loopback(u.Hostname())
}

// admit answers somebody who knows the address.
//
//	who asks                  first time   again
//	this user, or root        303          303   some programs open a URL twice, and scanners come first
//	another user, or nobody   403          403   and it does not count
//	the system does not tell  303          410   whoever reads the address before the browser comes is seen by that
func (h *hidden) admit(uid int, known bool) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case known && uid != 0 && uid != os.Getuid():
		return http.StatusForbidden
	case !known && h.used:
		return http.StatusGone
	}
	h.used = true
	if !known {
		h.over.Reset(min(lingersFor, time.Until(h.until)))
	}
	return http.StatusSeeOther
}

// sameText takes a time that does not depend on where two texts differ.
func sameText(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
