package providers

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// Package net/http reads the environment once, so each proxy has a process of its
// own: this test again.
func TestFailureAtTheProxyNamesTheProxy(t *testing.T) {
	lower := "https_proxy"
	if runtime.GOOS == "windows" {
		lower = "HTTPS_PROXY" // the same variable there
	}
	if os.Getenv("PROXY_TEST") != "" {
		c := testClient(t, testEntry("https://login.corp.test"), func(_ *catalog.Connection, o *ClientOptions) {})
		ctx, cancel := context.WithTimeout(t.Context(), RequestTimeout)
		defer cancel()
		_, err := c.Refresh(ctx, RefreshRequest{RefreshToken: "r", Binding: bindingOf(t, c)})
		f := failureOf(t, err)
		os.Stderr.WriteString("DETAIL " + f.Code + " " + f.Detail + "\n")
		if f.Class != refusal.Transient || f.Lost {
			t.Errorf("%+v", f)
		}
		return
	}
	answering := func(status int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := l.Addr().String()
	l.Close()
	auth, refuses := answering(http.StatusProxyAuthRequired), answering(http.StatusForbidden)
	for name, tt := range map[string]struct{ variable, value, want string }{
		"wants a password": {"HTTPS_PROXY", "http://" + auth, "The proxy " + auth + ", which HTTPS_PROXY names in the agent's environment, wants a user name and password (HTTP 407)"},
		"refuses":          {"https_proxy", "http://ada:s3cr3t@" + refuses, "The proxy " + refuses + ", which " + lower + " names in the agent's environment, does not connect us to the provider (HTTP 403)"},
		"is down":          {"HTTPS_PROXY", down, "The proxy " + down + ", which HTTPS_PROXY names in the agent's environment, could not be reached"},
		"cannot be found":  {"HTTPS_PROXY", "http://proxy.invalid:3128", "The proxy proxy.invalid:3128, which HTTPS_PROXY names in the agent's environment, "},
		"is no address":    {"HTTPS_PROXY", "%zz", "What HTTPS_PROXY holds in the agent's environment is no proxy's address"},
	} {
		t.Run(name, func(t *testing.T) {
			c := exec.Command(os.Args[0], "-test.run=^TestFailureAtTheProxyNamesTheProxy$")
			for _, v := range os.Environ() {
				if key, _, _ := strings.Cut(v, "="); !strings.HasSuffix(strings.ToLower(key), "_proxy") {
					c.Env = append(c.Env, v)
				}
			}
			c.Env = append(c.Env, "PROXY_TEST=1", tt.variable+"="+tt.value)
			out, err := c.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "DETAIL proxy "+tt.want) || strings.Contains(string(out), "s3cr3t") {
				t.Errorf("%v: %s\nwant %s", err, out, tt.want)
			}
		})
	}
}

func TestProxyIsToldWithoutItsPassword(t *testing.T) {
	t.Setenv("https_proxy", "")
	for value, want := range map[string]string{"http://ada:s3cr3t@proxy.example:3128/": "proxy.example:3128", "proxy.example:3128": "proxy.example:3128", "": ""} {
		t.Run(value, func(t *testing.T) {
			t.Setenv("HTTPS_PROXY", value)
			if host, variable := Proxy(); host != want || (variable == "HTTPS_PROXY") != (want != "") {
				t.Errorf("%q of %q", host, variable)
			}
		})
	}
}

func TestErrorOfAProxyShowsItsCauseToNobody(t *testing.T) {
	err := safeCause(&proxyError{host: "proxy.example", why: "could not be reached", err: errors.New("secret")})
	if strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}
