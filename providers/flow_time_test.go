package providers

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
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

func TestListenerClosesAtOnceWithTheOwnerOfItsFlow(t *testing.T) {
	w := newFlowWorld(t)
	ended := make(chan struct{})
	over, pending := w.begin(AuthorizeOptions{Ended: ended}), w.begin(AuthorizeOptions{Ended: ended})
	browse(t, redirect(t, over, "code", "c-1"))
	w.time.await(lingerTime)
	close(ended)
	awaitClosed(t, over) // though the time does not pass
	awaitClosed(t, pending)
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

// slowMe answers whoami when it is released.
func (w *flowWorld) slowMe(answer http.HandlerFunc) (release func()) {
	released := make(chan struct{})
	w.on("/me", func(rw http.ResponseWriter, r *http.Request) {
		<-released
		answer(rw, r)
	})
	return sync.OnceFunc(func() { close(released) })
}

// A whoami that took 25 s held up a sign-in whose tokens were there.
func TestSlowWhoamiDoesNotHoldUpTheSignIn(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    AuthorizeOptions
		wait time.Duration
	}{
		{"in the browser", AuthorizeOptions{Mode: Browser}, whoamiWait},
		{"on another device", AuthorizeOptions{Mode: Device}, whoamiWait},
		{"of an account that is known", AuthorizeOptions{Mode: Browser, LoginHint: "ada"}, knownWait},
		{"of another account than is known", AuthorizeOptions{Mode: Browser, LoginHint: "ada", SwitchAccount: true}, whoamiWait},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := deviceWorld(t, says(200, `{"access_token":"at-1","refresh_token":"rt-1","expires_in":3600}`))
			release := w.slowMe(says(200, `{"id":42,"login":"ada"}`))
			defer release()
			accepted, named := make(chan Result, 1), make(chan Result, 1)
			tt.o.Accept = func(_ context.Context, r Result) error { accepted <- r; return nil }
			tt.o.Named = func(r Result) { named <- r }
			f := w.begin(tt.o)
			if tt.o.Mode == Device {
				w.step(5 * time.Second)
			} else {
				visit(t, http.MethodGet, redirect(t, f, "code", "c"))
			}
			w.time.await(tt.wait)
			stillPending(t, f)
			w.time.advance(tt.wait)
			r, err := w.wait(f)
			if err != nil || r.Answer.AccessToken != "at-1" || r.Account != (Account{}) || (<-accepted).Account != (Account{}) {
				t.Fatalf("%+v, %v", r, err)
			}
			release()
			if r := <-named; r.Account != (Account{"42", "ada"}) || r.Answer.AccessToken != "at-1" {
				t.Errorf("named later: %+v", r.Account)
			}
		})
	}
}

func TestWhoseSignInItIsIsNotToldLaterWhere(t *testing.T) {
	refused := errors.New("refused")
	for name, tt := range map[string]struct {
		me     http.HandlerFunc
		accept error
	}{
		"the provider cannot say": {says(500, ``), nil},
		"nobody took it":          {says(200, `{"id":42,"login":"ada"}`), refused},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFlowWorld(t)
			release := w.slowMe(tt.me)
			f := w.begin(AuthorizeOptions{
				Accept: func(context.Context, Result) error { return tt.accept },
				Named:  func(r Result) { t.Errorf("told %+v", r.Account) },
			})
			over := make(chan struct{})
			go func() { f.redeem(f.request(), callback{code: "c"}); close(over) }()
			w.time.await(whoamiWait)
			w.time.advance(whoamiWait)
			if _, err := w.wait(f); !errors.Is(err, tt.accept) {
				t.Fatalf("the flow ended with %v", err)
			}
			release()
			<-over
		})
	}
}

func TestSignInThatIsGivenUpWaitsForNoWhoami(t *testing.T) {
	w := newFlowWorld(t)
	release := w.slowMe(says(200, `{}`))
	defer release()
	f := w.begin(AuthorizeOptions{Accept: func(ctx context.Context, _ Result) error { return ctx.Err() }})
	over := make(chan struct{})
	go func() { f.redeem(f.request(), callback{code: "c"}); close(over) }()
	w.time.await(whoamiWait)
	f.Cancel()
	<-over
	if _, err := w.wait(f); !errors.Is(err, ErrCanceled) {
		t.Errorf("the flow ended with %v", err)
	}
}
