package crashtest

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens"
)

// TestStoppedPastTheEndOfTheTokenTheFirstCallGetsAFreshOne stops the process as
// a debugger or a lid does, until the token has ended.
func TestStoppedPastTheEndOfTheTokenTheFirstCallGetsAFreshOne(t *testing.T) {
	d := newDesk(t)
	stale := strings.TrimSpace(d.does("token", "work").out)
	if d.provider.book.of(stale).n == 0 {
		t.Fatal("no token to begin with")
	}
	if err := d.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	issued := d.provider.book.count()
	time.Sleep(time.Until(d.provider.book.of(stale).expires) + time.Second)
	asked := make(chan outcome, 8)
	for range cap(asked) { // they wait in the socket's queue: the first that the agent sees after its sleep
		go func() { asked <- d.does("token", "work") }()
	}
	time.Sleep(300 * time.Millisecond)
	if n := d.provider.book.count(); n != issued {
		t.Fatalf("a stopped agent renewed %d times: this test shows nothing", n-issued)
	}
	if err := d.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for range cap(asked) {
		got := <-asked
		i := d.provider.book.of(strings.TrimSpace(got.out))
		if got.exit != 0 || i.n == 0 || i.access == stale || !i.expires.After(time.Now()) {
			t.Errorf("after the stop token ends with %d: the stale one %t; %s", got.exit, i.access == stale, got.err)
		}
	}
	if n := d.provider.book.count() - issued; n != 1 {
		t.Errorf("%d refreshes for %d callers", n, cap(asked))
	}
	if st := d.await("work", tokens.Connected); st.Reason != tokens.ReasonNone {
		t.Errorf("reason %s", st.Reason)
	}
}
