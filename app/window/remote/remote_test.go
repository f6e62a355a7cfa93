package remote

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens/client"
)

// agent serves h and returns a client of it.
func agent(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return New(client.Agent{Dial: func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", s.Listener.Addr().String())
	}})
}

func TestErrorsAreThoseOfTheClient(t *testing.T) {
	c := agent(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		io.WriteString(w, `{"code":"other_account","detail":"You signed in as bob.","reason":"revoked","account":"bob"}`)
	})
	_, err := c.Token(context.Background(), "work")
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "other_account" || p.Reason != "revoked" || p.Account != "bob" || p.Sentence() != "You signed in as bob." {
		t.Errorf("err = %#v", err)
	}
	c = agent(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) })
	if err := c.Refresh(context.Background(), "work"); err == nil || err.Error() != "the agent answered 502" {
		t.Errorf("an answer that is no problem: %v", err)
	}
	c = New(client.At(filepath.Join(t.TempDir(), "none")))
	if _, err := c.Connections(context.Background()); !errors.Is(err, client.ErrNoAgent) {
		t.Errorf("an absent agent: %v", err)
	}
}

func TestMissingMeansTheEndpointNotTheConnection(t *testing.T) {
	for code, want := range map[string]bool{"not_found": true, "": true, "unknown_connection": false} {
		err := error(&client.Problem{Status: http.StatusNotFound, Code: code})
		if got := Missing(err); got != want {
			t.Errorf("Missing(404 %q) = %v; want %v", code, got, want)
		}
	}
	if Missing(client.ErrNoAgent) {
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
	f, err := c.Connect(context.Background(), "work", api.ConnectRequest{Mode: providers.URLOnly})
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
	if !errors.Is(err, client.ErrNoAgent) {
		t.Fatalf("a stream that ended gives %v; want ErrNoAgent", err)
	}
}

func TestLogSkipsWhatIsNoRead(t *testing.T) {
	c := agent(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "{\"time\":\"2026-11-23T10:00:00Z\",\"connection\":\"work\",\"pid\":7,\"exe\":\"/usr/bin/curl\"}\nnoise\n{}\n{\"dropped\":3,\"at\":\"2026-11-23T10:00:01Z\",\"uid\":0,\"exe\":\"\"}\n")
	})
	var got []audit.Record
	_ = c.Log(context.Background(), 10, func(r audit.Record) { got = append(got, r) })
	if len(got) != 2 || got[0].Exe != "/usr/bin/curl" || got[0].PID != 7 || got[1].Dropped != 3 || got[1].Time.IsZero() {
		t.Fatalf("got %+v", got)
	}
}
