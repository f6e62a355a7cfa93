package providers

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// landing is where the browser comes back to (RFC 8252 §7).
type landing struct {
	scheme string   // "http"; "https" where only paste-back can work
	host   string   // in the redirect URI: 127.0.0.1 or localhost
	binds  []string // loopback addresses to listen on, none for paste-back; all but the first only where the machine has them
	port   int      // 0: any free one
	path   string
	url    string // the registered redirect URL, for paste-back
}

// landingFor says where to listen:
//
//	redirect rule     redirect URI              listens on
//	127.0.0.1         http://127.0.0.1:port     127.0.0.1
//	localhost         http://localhost:port     127.0.0.1 and, where there is IPv6, ::1
//	paste             the registered https URL  nothing: the address is pasted
func landingFor(r catalog.RedirectRule) (landing, error) {
	if r.Paste {
		return pasteLanding(r.URL)
	}
	l := landing{scheme: "http", host: r.Host, binds: []string{"127.0.0.1"}, port: r.Port, path: r.Path}
	if l.host == "localhost" {
		l.binds = []string{"127.0.0.1", "::1"}
	} else if l.host != "127.0.0.1" {
		return landing{}, misplaced("redirect.host is %q; set it to 127.0.0.1, localhost, any or https_only", r.Host)
	}
	if !plainPath(l.path) {
		return landing{}, misplaced("redirect.path is %q; set it to a plain path such as /callback", r.Path)
	}
	return l, nil
}

func pasteLanding(raw string) (landing, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return landing{}, misplaced("The provider takes only an https redirect address; set redirect.url to the one that is registered there")
	}
	return landing{scheme: "https", url: raw}, nil
}

// misplaced: the redirect rules cannot be used as they are.
func misplaced(format string, args ...any) *refusal.Failure {
	return &refusal.Failure{Class: refusal.Misconfigured, Code: "redirect_rules", Detail: fmt.Sprintf(format, args...) + "."}
}

// plainPath: one that a browser sends back byte for byte, and none of ours.
func plainPath(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.HasPrefix(path, resultPath) {
		return false
	}
	for _, part := range strings.Split(path[1:], "/") {
		if part == "." || part == ".." || part != "" && !catalog.IsSlug(part) {
			return false
		}
	}
	return true
}

// redirectURI is the address that is sent to the provider, for a chosen port.
func (l landing) redirectURI(port int) string {
	if l.scheme == "https" {
		return l.url
	}
	return "http://" + net.JoinHostPort(l.host, strconv.Itoa(port)) + l.path
}

// anyPortTries bounds the search for a port that is free on all addresses.
const anyPortTries = 20

// listen opens the landing's addresses on one port. Where any port will do, one
// that another program holds on a second address is given up for the next:
// whoever listens on [::1] would get answers meant for localhost.
func (l landing) listen() ([]net.Listener, int, error) {
	var err error
	for range anyPortTries {
		var listeners []net.Listener
		listeners, err = listenAll(l.binds, l.port)
		if err == nil {
			return listeners, portOf(listeners[0]), nil
		}
		if l.port != 0 || !isTaken(err) {
			break
		}
	}
	return nil, 0, err
}

func listenAll(hosts []string, port int) ([]net.Listener, error) {
	var all []net.Listener
	for i, host := range hosts {
		one, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		switch {
		case err == nil:
			all = append(all, one)
			port = portOf(all[0])
		case i > 0 && !isTaken(err): // no IPv6 here
		default:
			closeAll(all)
			return nil, err
		}
	}
	return all, nil
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

func closeAll(all []net.Listener) {
	for _, l := range all {
		l.Close()
	}
}

// isTaken: somebody else listens there.
func isTaken(err error) bool {
	const windowsInUse, windowsAccess = syscall.Errno(10048), syscall.Errno(10013)
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windowsInUse) || errors.Is(err, windowsAccess)
}

// listenFailure is the sentence for a port that cannot be had.
func (l landing) listenFailure(provider string, err error) *refusal.Failure {
	if l.port == 0 {
		return &refusal.Failure{Class: refusal.Transient, Code: "no_listener", Err: err,
			Detail: fmt.Sprintf("Authtray cannot listen on %s for the browser's answer. Connect with a code on another device (--device), or look at this machine's network settings.", l.host)}
	}
	if !isTaken(err) {
		return &refusal.Failure{Class: refusal.Misconfigured, Code: "port_refused", Err: err,
			Detail: fmt.Sprintf("This system does not let Authtray listen on port %d. Set another one with --set redirect.port=N and register http://%s:N%s at %s.", l.port, l.host, l.path, provider)}
	}
	return &refusal.Failure{Class: refusal.Misconfigured, Code: "port_taken", Err: err,
		Detail: fmt.Sprintf("Port %d on %s is taken by another program, and %s sends the browser back there. Close that program and connect again, or set another port with --set redirect.port=N and register http://%s:N%s at %s.",
			l.port, l.host, provider, l.host, l.path, provider)}
}
