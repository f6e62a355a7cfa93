package providers

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/refusal"
)

func TestPageWaitsUntilTheExchangeIsDone(t *testing.T) {
	w := newFlowWorld(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	w.on("/token", func(rw http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		says(400, `{"error":"invalid_grant"}`)(rw, r)
	})
	f := w.begin(AuthorizeOptions{})
	resp, _ := visit(t, "GET", redirect(t, f, "code", "c-1"))
	to, _ := resp.Location()
	<-arrived
	shown := make(chan string)
	go func() {
		_, page := visit(t, "GET", to.String())
		shown <- page
	}()
	w.time.await(pageTimeout) // the page is being waited for
	stillPending(t, f)
	close(release)
	if page := <-shown; strings.Contains(page, "Connected") || !strings.Contains(page, "Not connected") {
		t.Errorf("the page does not tell the truth:\n%s", page)
	}
	var failure *refusal.Failure
	if _, err := w.wait(f); !errors.As(err, &failure) || failure.Code != "invalid_grant" {
		t.Errorf("the flow ended with %v", err)
	}
}

func TestPageThatWaitedLongEnoughAsksAgainByItself(t *testing.T) {
	w := newFlowWorld(t)
	release := make(chan struct{})
	defer close(release)
	w.on("/token", func(http.ResponseWriter, *http.Request) { <-release })
	f := w.begin(AuthorizeOptions{})
	resp, _ := visit(t, "GET", redirect(t, f, "code", "c-1"))
	to, _ := resp.Location()
	shown := make(chan string)
	go func() {
		_, page := visit(t, "GET", to.String())
		shown <- page
	}()
	w.time.await(pageTimeout)
	w.time.advance(pageTimeout)
	if page := <-shown; !strings.Contains(page, "One moment") || !strings.Contains(page, `http-equiv="refresh"`) {
		t.Errorf("page:\n%s", page)
	}
	stillPending(t, f)
}

func TestListenerClosesHalfAMinuteAfterTheFlow(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	good := redirect(t, f, "code", "c-1")
	browse(t, good)
	w.time.await(lingerTime)
	w.time.advance(lingerTime - time.Second)
	browse(t, good)
	w.time.advance(time.Second)
	awaitClosed(t, f)
}

// awaitClosed returns when nobody listens at the flow's address.
func awaitClosed(t *testing.T, f *Flow) {
	t.Helper()
	u, _ := url.Parse(f.RedirectURI())
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Fatal("the listener stays open")
}

func TestNobodyAnsweredForTenMinutes(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	if want := w.time.Now().Add(10 * time.Minute); !f.Expires().Equal(want) {
		t.Errorf("expires at %v, want %v", f.Expires(), want)
	}
	w.time.await(FlowTimeout)
	w.time.advance(FlowTimeout - time.Second)
	stillPending(t, f)
	w.time.advance(time.Second)
	if _, err := w.wait(f); !errors.Is(err, ErrTimedOut) {
		t.Errorf("ended with %v", err)
	}
	if _, page := browse(t, redirect(t, f, "code", "c-1")); !strings.Contains(page, "Too late") {
		t.Errorf("page:\n%s", page)
	}
	w.nothingSent()
}

func TestAnAnswerAfterTheMachineSleptTooLongIsTooLate(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	w.time.sleep(time.Hour)
	if _, page := browse(t, redirect(t, f, "code", "c-1")); !strings.Contains(page, "Too late") {
		t.Errorf("page:\n%s", page)
	}
	if _, err := w.wait(f); !errors.Is(err, ErrTimedOut) {
		t.Errorf("ended with %v", err)
	}
	w.nothingSent()
}

func TestTheTenMinutesEndWhenSomebodyAnswers(t *testing.T) {
	w := newFlowWorld(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	w.on("/token", func(rw http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		says(200, `{"access_token":"at-1"}`)(rw, r)
	})
	f := w.begin(AuthorizeOptions{})
	visit(t, "GET", redirect(t, f, "code", "c-1"))
	<-arrived
	w.time.advance(FlowTimeout)
	close(release)
	if _, err := w.wait(f); err != nil {
		t.Errorf("an answer in time ended with %v", err)
	}
}

func TestCancelEndsAFlowThatWaitsOrExchanges(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	f.Cancel()
	f.Cancel()
	if _, err := w.wait(f); err != ErrCanceled {
		t.Errorf("ended with %v", err)
	}
	if _, page := browse(t, redirect(t, f, "code", "c-1")); !strings.Contains(page, "Canceled") {
		t.Errorf("page:\n%s", page)
	}
	w.nothingSent()

	arrived := make(chan struct{})
	w.on("/token", func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	g := w.begin(AuthorizeOptions{})
	visit(t, "GET", redirect(t, g, "code", "c-2"))
	<-arrived
	g.Cancel()
	if _, err := w.wait(g); err != ErrCanceled {
		t.Errorf("ended with %v", err)
	}
}

func TestAFlowOutlivesTheContextThatStartedIt(t *testing.T) {
	w := newFlowWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	f, err := w.client().Authorize(ctx, AuthorizeOptions{Mode: URLOnly, after: w.time.after})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	browse(t, redirect(t, f, "code", "c-1"))
	if _, err := w.wait(f); err != nil {
		t.Error(err)
	}
	f.leave()
}
