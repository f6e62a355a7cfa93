package connlimit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// serve serves h with most places, and says where.
func serve(t *testing.T, most int, h http.HandlerFunc) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: NoBody(h), ReadHeaderTimeout: time.Minute, MaxHeaderBytes: MaxHead}
	over := make(chan error, 1)
	go func() { over <- Serve(s, l, most) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-over; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func dial(t *testing.T, address, sends string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	io.WriteString(c, sends)
	c.SetReadDeadline(time.Now().Add(3 * time.Minute)) // ends a wait for what never comes
	return c
}

const whole = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

func answered(t *testing.T, c net.Conn) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		t.Errorf("answered %d", resp.StatusCode)
	}
}

// gone waits until the server has hung up.
func gone(t *testing.T, c net.Conn) {
	t.Helper()
	if _, err := io.Copy(io.Discard, c); err != nil {
		var late net.Error
		if errors.As(err, &late) && late.Timeout() {
			t.Error("it was not hung up on")
		}
	}
}

func TestServeHangsUpOnTheOldestWithoutAWholeRequest(t *testing.T) {
	for name, half := range map[string]string{"nothing": "", "half a head": "GET / HTTP/1.1\r\nX: y\r\n"} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, 4, func(http.ResponseWriter, *http.Request) {})
			var held []net.Conn
			for range 4 {
				held = append(held, dial(t, address, half))
			}
			c := dial(t, address, whole)
			answered(t, c)
			gone(t, held[0])
			// Whoever has asked before is idle soon, and then older than those that come.
			over := make(chan bool)
			go func() { defer close(over); gone(t, c) }()
			for left := true; left; {
				dial(t, address, half)
				select {
				case <-over:
					left = false
				case <-time.After(time.Millisecond):
				}
			}
			answered(t, dial(t, address, whole))
		})
	}
}

func TestServeCutsNoRequestOffThatIsAnswered(t *testing.T) {
	began, finish := make(chan bool, 2), make(chan bool)
	address := serve(t, 2, func(http.ResponseWriter, *http.Request) { began <- true; <-finish })
	first, second := dial(t, address, whole), dial(t, address, whole)
	<-began
	<-began
	third := dial(t, address, whole) // waits for a place
	close(finish)
	for _, c := range []net.Conn{first, second, third} {
		answered(t, c)
	}
}

func TestServeEndsWhileAConnectionWaitsForAPlace(t *testing.T) {
	began, finish := make(chan bool), make(chan bool)
	address := serve(t, 1, func(http.ResponseWriter, *http.Request) { began <- true; <-finish })
	dial(t, address, whole)
	<-began
	dial(t, address, whole)
	close(finish) // the cleanup wants Serve to return
}

func TestNoBodyDoesNotWaitForABody(t *testing.T) {
	address := serve(t, 1, func(http.ResponseWriter, *http.Request) {})
	c := dial(t, address, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
	answered(t, c)
	gone(t, c)
}

func TestServeRefusesALongHead(t *testing.T) {
	address := serve(t, 1, func(http.ResponseWriter, *http.Request) {})
	c := dial(t, address, "GET / HTTP/1.1\r\nHost: x\r\nX: ")
	go io.Copy(c, io.LimitReader(endless{}, 64<<10))
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err == nil && resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("answered %d", resp.StatusCode)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

// TestServeAnswersBesideThousandsOfHalfRequests: they hold no memory either, since
// there are never more than the limit.
func TestServeAnswersBesideThousandsOfHalfRequests(t *testing.T) {
	address := serve(t, 64, func(http.ResponseWriter, *http.Request) {})
	over := make(chan bool)
	go func() {
		defer close(over)
		for i := range 3000 {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			fmt.Fprintf(c, "GET /%d HTTP/1.1\r\nX: ", i)
			if i%100 == 0 {
				answered(t, dial(t, address, whole))
			}
		}
	}()
	<-over
}
