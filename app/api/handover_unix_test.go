//go:build !windows

package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/tokens/client"
)

// takeable serves an agent that can be taken over from.
type takeable struct {
	*Server
	t        *testing.T
	listener net.Listener
	address  string
}

func newTakeable(t *testing.T, a Agent) *takeable {
	t.Helper()
	address := tempAddress(t)
	l, err := Listen(address, quiet)
	if err != nil {
		t.Fatal(err)
	}
	s := &takeable{NewServer(a, quiet), t, l, address}
	s.HandsOver(l)
	s.serve(l)
	return s
}

func (s *takeable) serve(l net.Listener) {
	over := make(chan error, 1)
	go func() { over <- s.Serve(l) }()
	s.t.Cleanup(func() {
		s.stop()
		s.http.Close()
		if err := <-over; err != nil {
			s.t.Error(err)
		}
	})
}

func (s *takeable) takeOver() Sockets {
	s.t.Helper()
	sockets, err := TakeOver(s.t.Context(), client.At(s.address))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(sockets.Close)
	<-s.HandedOver()
	return sockets
}

// finish is Finish, and Shutdown.
func (s *takeable) finish() <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		ctx, cancel := context.WithTimeout(context.Background(), hangTime)
		defer cancel()
		s.Finish(ctx, s.listener)
		s.Shutdown(ctx)
	}()
	return over
}

const healthRequest = "GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

func say(t *testing.T, c net.Conn, request string) {
	t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
}

func TestCallerThatComesBetweenTwoAgentsIsAnsweredByTheNext(t *testing.T) {
	old := newTakeable(t, newFake())
	sockets := old.takeOver()
	<-old.finish()
	c := dial(t, old.address)
	say(t, c, healthRequest)
	l, err := sockets.Listen(old.address, quiet)
	if err != nil {
		t.Fatal(err)
	}
	next := &takeable{Server: NewServer(newFake(), quiet), t: t}
	next.HandsOver(l)
	next.serve(l)
	if answer := answerTo(t, c); answer.StatusCode != http.StatusOK {
		t.Errorf("the answer is %s", answer.Status)
	}
	next.Finish(t.Context(), l)
	next.Shutdown(t.Context())
	if _, err := os.Lstat(old.address); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the last agent left its socket behind: %v", err)
	}
}

func TestRequestsThatWereTakenUpAreAnsweredAfterHandingOver(t *testing.T) {
	a := newSlowAgent()
	old := newTakeable(t, a)
	silent, waiting := dial(t, old.address), dial(t, old.address) // the second one's request says that the first was accepted
	say(t, waiting, "GET /v1/connections/work/token HTTP/1.1\r\nHost: x\r\n\r\n")
	<-a.asked
	old.takeOver()
	over := old.finish()
	<-old.streams.Done() // it is finishing
	say(t, silent, healthRequest)
	if answer := answerTo(t, silent); answer.StatusCode != http.StatusOK {
		t.Errorf("who had said nothing yet is answered %s", answer.Status)
	}
	close(a.let)
	if answer := answerTo(t, waiting); answer.StatusCode != http.StatusOK {
		t.Errorf("who waited is answered %s", answer.Status)
	}
	<-over
}

func TestStreamsAndIdleConnectionsDoNotKeepAnAgentThatHandedOver(t *testing.T) {
	old := newTakeable(t, newFake())
	stream, err := client.At(old.address).Stream(t.Context(), "GET", "/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	idle := dial(t, old.address)
	say(t, idle, "GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
	if answer := answerTo(t, idle); answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}
	old.takeOver()
	<-old.finish()
	for err == nil {
		_, _, err = stream.Event()
	}
	if err != io.EOF {
		t.Errorf("the stream ended with %v", err)
	}
}

func TestAgentGoesOnWhereWhoWasToTakeOverIsGone(t *testing.T) {
	old := newTakeable(t, newFake())
	c := dial(t, old.address).(*net.UnixConn)
	if err := c.CloseRead(); err != nil {
		t.Fatal(err)
	}
	say(t, c, "POST /v1/quit?hand_over=true HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	if err := client.At(old.address).Do(t.Context(), "GET", "/v1/health", nil, nil); err != nil {
		t.Error(err)
	}
	select {
	case <-old.HandedOver():
		t.Error("it counts as handed over")
	default:
	}
}

func TestSocketOfAnotherAddressIsLetGo(t *testing.T) {
	old := newTakeable(t, newFake())
	sockets := old.takeOver()
	<-old.finish()
	elsewhere := filepath.Join(filepath.Dir(old.address), "elsewhere.sock")
	l, err := sockets.Listen(elsewhere, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sockets.Close()
	if _, err := client.Dial(t.Context(), old.address); !errors.Is(err, client.ErrNoAgent) {
		t.Errorf("at the old address: %v", err)
	}
}

func TestSocketWhoseFileIsGoneIsNotTakenOver(t *testing.T) {
	old := newTakeable(t, newFake())
	conn := dial(t, old.address)
	if err := os.Remove(old.address); err != nil {
		t.Fatal(err)
	}
	sockets, err := TakeOver(t.Context(), client.Agent{Dial: func(context.Context) (net.Conn, error) { return conn, nil }})
	if err != nil || len(sockets) > 0 {
		t.Errorf("%v, %v", sockets, err)
	}
}

func TestAgentThatKnowsNoHandingOverIsAskedToEndAllTheSame(t *testing.T) {
	for name, row := range map[string]struct {
		answer string
		ok     bool
	}{
		"ends":    {"HTTP/1.1 204 No Content\r\n\r\n", true},
		"refuses": {"HTTP/1.1 403 Forbidden\r\nContent-Length: 30\r\n\r\n{\"code\":\"x\",\"detail\":\"Never.\"}\n", false},
		"silent":  {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			address := tempAddress(t)
			l, err := Listen(address, quiet)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			asked := make(chan string, 1)
			go func() {
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				r := make([]byte, 4096)
				n, _ := c.Read(r)
				asked <- string(r[:n])
				io.WriteString(c, row.answer)
			}()
			sockets, err := TakeOver(t.Context(), client.At(address))
			if (err == nil) != row.ok || len(sockets) > 0 {
				t.Errorf("%v, %v", sockets, err)
			}
			if got := <-asked; !strings.HasPrefix(got, "POST /v1/quit") {
				t.Errorf("it was asked %q", got)
			}
		})
	}
}
