//go:build !windows

package browser

import (
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const page = "https://example.org/a?b=c&d=$(touch x)"

func TestWhoIsLedToAHiddenURL(t *testing.T) {
	const other = 12345
	type visit struct {
		uid   int
		known bool
		want  int
	}
	me := os.Getuid()
	for name, visits := range map[string][]visit{
		"this user, twice":               {{me, true, 303}, {me, true, 303}},
		"root too":                       {{0, true, 303}},
		"a connection of nobody":         {{-1, true, 403}, {me, true, 303}},
		"another user first":             {{other, true, 403}, {me, true, 303}, {other, true, 403}},
		"another user, then nobody else": {{other, true, 403}, {0, false, 303}, {0, false, 410}},
		"nobody knows who":               {{0, false, 303}, {0, false, 410}, {me, true, 303}},
	} {
		h := hiding(t, page)
		for i, v := range visits {
			if got := h.admit(v.uid, v.known); got != v.want {
				t.Errorf("%s: visit %d is answered %d, not %d", name, i+1, got, v.want)
			}
		}
	}
}

func TestAHiddenURLIsFoundAtItsAddressAlone(t *testing.T) {
	h := hiding(t, page)
	for address, want := range map[string]int{
		"http://" + h.host + "/":                          404,
		h.address()[:len(h.address())-1]:                  404,
		h.address() + "0":                                 404,
		strings.Replace(h.address(), "/open/", "/x/", 1):  404,
		strings.Replace(h.address(), "/open/", "//op", 1): 404,
	} {
		if got, to := visit(t, address); got != want || to != "" {
			t.Errorf("another address is answered %d and leads to %q", got, to)
		}
	}
	for host, want := range map[string]int{
		"localhost:8080": 303, "LOCALHOST": 303, "127.0.0.1:1": 303, "[::1]:8080": 303, "127.9.9.9": 303,
		"rebound.example": 400, "localhost.example:80": 400, "10.0.0.1": 400, "0.0.0.0:1": 400, "127.0.0.1.example": 400,
	} {
		r, _ := http.NewRequest("GET", h.address(), nil)
		r.Host = host
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("as %s it is answered %d, not %d", host, answer.StatusCode, want)
		}
	}
	answer, err := http.Post(h.address(), "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 405 || answer.Header.Get("Location") != "" {
		t.Errorf("a POST is answered %d", answer.StatusCode)
	}
	if got, to := visit(t, h.address()); got != 303 || to != page {
		t.Errorf("its own address is answered %d and leads to %q", got, to)
	}
	h.end()
	if c, err := net.Dial("tcp", h.host); err == nil {
		c.Close()
		t.Error("it listens still")
	}
}

// A browser that is slow, or is started twice, comes back after minutes.
func TestOnlyACallerThatIsNotKnownShortensTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan bool, 1)
		h := &hidden{until: time.Now().Add(hiddenFor), over: time.AfterFunc(hiddenFor, func() { over <- true })}
		ended := func(after time.Duration, want bool) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if got := len(over) > 0; got != want {
				t.Errorf("ended: %v", got)
			}
		}
		h.admit(os.Getuid(), true)
		ended(hiddenFor-time.Second, false)
		h.admit(os.Getuid(), true)
		ended(time.Second+1, true)

		<-over
		h = &hidden{until: time.Now().Add(hiddenFor), over: time.AfterFunc(hiddenFor, func() { over <- true })}
		h.admit(0, false)
		ended(lingersFor-1, false)
		h.admit(os.Getuid(), true)
		ended(2, true)

		<-over
		h = &hidden{until: time.Now().Add(hiddenFor), over: time.AfterFunc(hiddenFor, func() { over <- true })}
		ended(hiddenFor-time.Second, false)
		h.admit(0, false)
		ended(time.Second+1, true)
	})
}

func TestAURLWithoutAQueryIsOpenedAsItIs(t *testing.T) {
	for url, want := range map[string]bool{
		"https://op.example/account": false, "https://op.example/": false, "https://op.example/a?b": true, "https://op.example/a#b": true,
	} {
		if hasQuery(url) != want {
			t.Errorf("%s: %v", url, !want)
		}
	}
}

func hiding(t *testing.T, url string) *hidden {
	t.Helper()
	h, err := hide(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.end)
	return h
}

// visit asks for an address, and follows no redirect.
func visit(t *testing.T, address string) (status int, to string) {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the headers are %v", answer.Header)
	}
	return answer.StatusCode, answer.Header.Get("Location")
}
