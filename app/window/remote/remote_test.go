package remote

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
)

// agent serves h and returns a client of it.
func agent(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return New(func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", s.Listener.Addr().String())
	})
}

func TestProblemIsToldInTheAgentsWords(t *testing.T) {
	c := agent(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		io.WriteString(w, `{"code":"reconnect_required","detail":"Reconnect to go on.","reason":"revoked"}`)
	})
	_, err := c.Token(context.Background(), "work")
	p, ok := AsProblem(err)
	if !ok || p.Code != "reconnect_required" || p.Reason != "revoked" || err.Error() != "Reconnect to go on." {
		t.Fatalf("err = %#v", err)
	}
}

func TestAnswerThatIsNoProblemStillHasASentence(t *testing.T) {
	c := agent(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) })
	err := c.Refresh(context.Background(), "work")
	if err == nil || err.Error() != "the agent answered 502 Bad Gateway" {
		t.Fatalf("err = %v", err)
	}
}

func TestAbsentAgentIsErrNoAgent(t *testing.T) {
	c := New(func(context.Context) (net.Conn, error) { return nil, errors.New("connection refused") })
	if _, err := c.Connections(context.Background()); !errors.Is(err, ErrNoAgent) {
		t.Fatalf("err = %v; want ErrNoAgent", err)
	}
}

func TestMissingMeansTheEndpointNotTheConnection(t *testing.T) {
	for code, want := range map[string]bool{"not_found": true, "": true, "unknown_connection": false} {
		err := error(&Problem{Status: http.StatusNotFound, Code: code})
		if got := Missing(err); got != want {
			t.Errorf("Missing(404 %q) = %v; want %v", code, got, want)
		}
	}
	if Missing(ErrNoAgent) {
		t.Error("an absent agent is not a missing endpoint")
	}
}

func TestNamesAreEscapedInPaths(t *testing.T) {
	var path string
	c := agent(t, func(w http.ResponseWriter, r *http.Request) { path = r.URL.EscapedPath() })
	_ = c.Cancel(context.Background(), "a/../b?c")
	if path != "/v1/connections/a%2F..%2Fb%3Fc/connect" {
		t.Fatalf("path = %s", path)
	}
}

func TestConnectSendsModeAndNeverTheName(t *testing.T) {
	var bodies []string
	c := agent(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(b))
		io.WriteString(w, `{"url":"https://example.org","mode":"url"}`)
	})
	f, err := c.Connect(context.Background(), "work", ConnectOptions{Mode: providers.URLOnly})
	if err != nil || f.URL != "https://example.org" {
		t.Fatalf("%+v, %v", f, err)
	}
	if err := c.Put(context.Background(), "work", catalog.Connection{Name: "work", Provider: "gitlab"}); err != nil {
		t.Fatal(err)
	}
	if bodies[0] != `{"mode":"url"}` || bodies[1] != `{"provider":"gitlab"}` {
		t.Fatalf("bodies = %q", bodies)
	}
}

func TestEventsAreReadAndStrangeOnesPassedOver(t *testing.T) {
	c := agent(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, ": hello\n\nevent: connection\ndata: {\"name\":\"work\",\ndata: \"state\":\"connected\"}\n\n"+
			"event: weather\ndata: {\"name\":\"rain\"}\n\nevent: connection\ndata: {broken\n\nevent: removed\ndata: {\"name\":\"old\"}\n\n")
	})
	var got []string
	err := c.Events(context.Background(), func() { got = append(got, "opened") }, func(e Event) {
		got = append(got, e.Status.Name+" "+string(e.Status.State)+map[bool]string{true: "removed"}[e.Removed])
	})
	if want := "opened|work connected|old removed"; strings.Join(got, "|") != want {
		t.Fatalf("got %q; want %q", got, want)
	}
	if !errors.Is(err, ErrNoAgent) {
		t.Fatalf("a stream that ended gives %v; want ErrNoAgent", err)
	}
}

func TestProgramBehindAuthtrayIsTheOneThatWantedTheToken(t *testing.T) {
	r := Read{Exe: "/usr/bin/authtray", PID: 8, ParentExe: "/usr/bin/make", ParentPID: 7}
	if exe, pid := r.Who(); exe != "/usr/bin/make" || pid != 7 {
		t.Fatalf("Who = %s, %d", exe, pid)
	}
}

func TestLogSkipsWhatIsNoRead(t *testing.T) {
	c := agent(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "{\"time\":\"2026-11-23T10:00:00Z\",\"connection\":\"work\",\"pid\":7,\"exe\":\"/usr/bin/curl\"}\nnoise\n{}\n{\"dropped\":3,\"at\":\"2026-11-23T10:00:01Z\",\"uid\":0,\"exe\":\"\"}\n")
	})
	var got []Read
	_ = c.Log(context.Background(), 10, func(r Read) { got = append(got, r) })
	if len(got) != 2 || got[0].Exe != "/usr/bin/curl" || got[0].PID != 7 || got[1].Dropped != 3 || got[1].Time.IsZero() {
		t.Fatalf("got %+v", got)
	}
}
