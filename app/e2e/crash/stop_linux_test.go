package crash

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// TestStoppedPastTheEndOfTheTokenTheFirstCallGetsAFreshOne stops the process as
// a debugger or a lid does, until the token has ended.
func TestStoppedPastTheEndOfTheTokenTheFirstCallGetsAFreshOne(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	d.provider.SetLifetime(short)
	d.refresh("work")
	grant := d.provider.book.of(strings.TrimSpace(d.does("token", "work").out)).grant
	if grant == "" {
		t.Fatal("no token to begin with")
	}
	if err := d.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stale := issue{}
	for newest := d.provider.book.newest(grant); newest != stale; newest = d.provider.book.newest(grant) { // one may have been on its way
		stale = newest
		time.Sleep(time.Until(stale.expires) + time.Second)
	}
	d.provider.SetLifetime(time.Hour)
	callers := make([]net.Conn, 8)
	for n := range callers { // they wait in the socket's queue: the first that the agent sees after its sleep
		callers[n] = d.asks("/connections/work/token?timeout=" + noWait)
	}
	if err := d.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for _, c := range callers {
		var got tokens.Token
		r, err := answerOn(c)
		if err == nil {
			err = r.into(&got)
		}
		i := d.provider.book.of(got.AccessToken)
		if err != nil || i.n == 0 || i == stale || !i.expires.After(time.Now()) {
			t.Errorf("after the stop token answers %d, %v: the stale one %t", r.status, err, i == stale)
		}
	}
	d.says(0, "connected")
	if n := d.provider.book.count() - stale.n; n != 1 {
		t.Errorf("%d refreshes for %d callers", n, len(callers))
	}
	if st := d.await("work", tokens.Connected); st.Reason != tokens.ReasonNone {
		t.Errorf("reason %s", st.Reason)
	}
}

// asks sends a request, which the agent need not have taken yet.
func (a *agent) asks(path string) net.Conn {
	a.t.Helper()
	c, err := client.Dial(context.Background(), a.paths.Socket)
	if err == nil {
		_, err = io.WriteString(c, "GET /v1"+path+" HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n")
	}
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// answerOn reads the answer to it.
func answerOn(c net.Conn) (answer, error) {
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(hangTime))
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, text}, err
}
