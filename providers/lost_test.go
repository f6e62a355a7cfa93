package providers

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// pipes is a network in memory, for a bubble: what is dialled is served by h.
func pipes(t *testing.T, h http.Handler) *http.Transport {
	t.Helper()
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: h}
	go srv.Serve(l)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		here, there := net.Pipe()
		select {
		case l.conns <- there:
			return here, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		srv.Close()
	})
	return transport
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{} }

const inMemory = "http://127.0.0.1:1"

func TestSilenceEndsAtAThirdOfAKnownGrace(t *testing.T) {
	for _, tt := range []struct {
		name, grace string
		want        time.Duration
	}{
		{"none known", "", RequestTimeout},
		{"none given", "0s", RequestTimeout},
		{"too short for an early end", "11s", RequestTimeout},
		{"short", "12s", 8 * time.Second},
		{"a third is less than 8 s", "20s", 8 * time.Second},
		{"Okta's", "30s", 10 * time.Second},
		{"a minute", "60s", 20 * time.Second},
		{"long", "10m", RequestTimeout},
		{"in days", "1d", RequestTimeout},
	} {
		for _, f := range []faultkit.Fault{
			faultkit.Hold(nil, nil), faultkit.HoldBefore(nil, nil), faultkit.SlowHeaders(time.Hour),
			headThenNothing, faultkit.SlowBody(time.Hour),
		} {
			t.Run(tt.name+", "+f.Name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					kit := faultkit.New(faultkit.Options{})
					kit.Script(f)
					e := testEntry(inMemory)
					e.Tokens.Grace = tt.grace
					transport := pipes(t, kit.Wrap(answers(200, goodAnswer)))
					c := testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) { o.Transport = transport })
					start := time.Now()
					_, err := refreshWith(t, c)
					if waited := time.Since(start); waited != tt.want {
						t.Errorf("waited %s, want %s", waited, tt.want)
					}
					if f := failureOf(t, err); f.Code != "timeout" || !f.Lost || f.Proof {
						t.Errorf("%+v", f)
					}
				})
			})
		}
	}
}

var headThenNothing = faultkit.Custom("head, then no body", func(x *faultkit.Exchange) {
	x.Provider()
	x.W.Header().Set("Content-Length", "300")
	x.W.WriteHeader(http.StatusOK)
	http.NewResponseController(x.W).Flush()
	<-x.R.Context().Done()
})

// What it takes to reach the provider is none of its grace.
func TestSilenceIsCountedFromTheSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := faultkit.New(faultkit.Options{})
		kit.Script(faultkit.Hold(nil, nil))
		e := testEntry(inMemory)
		e.Tokens.Grace = "30s"
		transport := pipes(t, kit.Wrap(answers(200, goodAnswer)))
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			time.Sleep(7 * time.Second)
			return dial(ctx, network, address)
		}
		c := testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) { o.Transport = transport })
		start := time.Now()
		_, err := refreshWith(t, c)
		if f := failureOf(t, err); f.Code != "timeout" || !f.Lost {
			t.Errorf("%+v", f)
		}
		if waited := time.Since(start); waited != 17*time.Second {
			t.Errorf("waited %s", waited)
		}
	})
}

// Only a refresh token can be presented twice.
func TestNoGraceHurriesAnExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := faultkit.New(faultkit.Options{})
		kit.Script(faultkit.Hold(nil, nil))
		e := testEntry(inMemory)
		e.Tokens.Grace = "30s"
		transport := pipes(t, kit.Wrap(answers(200, goodAnswer)))
		c := testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) { o.Transport = transport })
		start := time.Now()
		if _, err := c.exchange(t.Context(), "code", "verifier", "", "", nil); err == nil {
			t.Error("there was an answer")
		}
		if waited := time.Since(start); waited != RequestTimeout {
			t.Errorf("waited %s", waited)
		}
	})
}

// An answer that takes long, but not too long, is the provider's.
func TestASlowAnswerWithinItsTimeCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := faultkit.New(faultkit.Options{})
		kit.Script(faultkit.SlowHeaders(9*time.Second), faultkit.SlowBody(9*time.Second))
		e := testEntry(inMemory)
		e.Tokens.Grace = "30s"
		transport := pipes(t, kit.Wrap(answers(200, goodAnswer)))
		c := testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) { o.Transport = transport })
		for range 2 {
			if got := met(refreshWith(t, c)); got != "new-access for 1h0m0s" {
				t.Error(got)
			}
		}
	})
}

// With HTTP/2 the second request would go the way of the first.
func TestARequestThatIsRepeatedHasAConnectionOfItsOwn(t *testing.T) {
	var from []string // by one request at a time
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from = append(from, r.RemoteAddr); len(from) == 1 {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			return
		}
		answers(200, goodAnswer)(w, r)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	transport := newTransport(srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs)
	c := testClient(t, testEntry(srv.URL), func(_ *catalog.Connection, o *ClientOptions) { o.Transport = transport })
	if got := refreshUnder(t, c, "timeout"); got != "transient timeout, lost" {
		t.Fatal(got)
	}
	if got := refreshUnder(t, c, ""); got != "new-access for 1h0m0s" {
		t.Fatal(got)
	}
	if from[0] == from[1] {
		t.Error("both came over the same connection")
	}
}

// A request that was given up must not reach the provider after its repetition. A
// connection that is reset shows that the system keeps nothing to deliver.
func TestARequestThatIsGivenUpIsNotDeliveredLater(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	end := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			end <- err
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		if req, err := http.ReadRequest(r); err == nil {
			io.Copy(io.Discard, req.Body)
		}
		_, err = r.ReadByte()
		end <- err
	}()
	c := testClient(t, testEntry("http://"+l.Addr().String()))
	if got := refreshUnder(t, c, "timeout"); got != "transient timeout, lost" {
		t.Fatal(got)
	}
	if err := <-end; err == nil || err == io.EOF {
		t.Errorf("the connection ended with %v", err)
	}
}

// The provider ends a grant whose refresh token comes again, but for its grace.
func TestASecondRequestWithinTheGraceBringsTheTokens(t *testing.T) {
	for _, f := range []faultkit.Fault{
		faultkit.ResetAfter(), faultkit.DropAnswer(), faultkit.CutShort(), faultkit.Hold(nil, nil), headThenNothing, faultkit.SlowBody(time.Hour),
	} {
		t.Run(f.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := server.New(server.Options{Issuer: inMemory, Grace: 12 * time.Second, Lifetime: time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				kit := faultkit.New(faultkit.Options{})
				transport := pipes(t, kit.Wrap(s.Handler()))
				usual := http.DefaultTransport
				http.DefaultTransport = transport // of the person at the browser
				defer func() { http.DefaultTransport = usual }()
				p := practicetest.Provider{Server: s, Issuer: inMemory}
				a, err := p.Connect(t.Context(), "ada")
				if err != nil {
					t.Fatal(err)
				}
				e := testEntry(inMemory)
				e.Tokens.Grace = "12s"
				c := testClient(t, e, func(conn *catalog.Connection, o *ClientOptions) {
					o.Transport, conn.ClientID = transport, server.PublicClient
				})
				kit.Script(f)
				r := RefreshRequest{RefreshToken: a.RefreshToken, Binding: bindingOf(t, c)}
				if _, err := c.Refresh(t.Context(), r); !failureOf(t, err).Lost {
					t.Fatal(err)
				}
				time.Sleep(3900 * time.Millisecond) // 8 s are over where there was silence
				if _, err := c.Refresh(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				if g := p.Grants()[0]; !g.Alive() {
					t.Error("the grant ended: " + g.Ended)
				}
			})
		})
	}
}
