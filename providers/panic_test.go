package providers

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
)

// panicsAt is a transport under which the answer of one path cannot be read
// without a panic that quotes it.
type panicsAt string

func (path panicsAt) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, string(path)) {
		resp.Body = panicking{resp.Body}
	}
	return resp, err
}

type panicking struct{ io.ReadCloser }

func (panicking) Read([]byte) (int, error) { panic("cannot read at-secret") }

// A goroutine that reads what a provider sent must not end the program, nor leave
// anybody waiting.
func TestAPanicOverAnAnswerIsAFailure(t *testing.T) {
	device := `{"device_code":"dc","user_code":"A","verification_uri":"https://op.example/device","interval":5}`
	for name, fail := range map[string]func(*flowWorld, *Client) error{
		"code exchange": func(w *flowWorld, c *Client) error {
			f := w.beginWith(c, AuthorizeOptions{})
			visit(w.T, http.MethodGet, redirect(w.T, f, "code", "the-code"))
			_, err := w.wait(f)
			return err
		},
		"device flow": func(w *flowWorld, c *Client) error {
			w.on("/device", says(200, device))
			f := w.beginWith(c, AuthorizeOptions{Mode: Device})
			w.step(5 * time.Second)
			_, err := w.wait(f)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFlowWorld(t)
			var log bytes.Buffer
			c, err := newClient(&w.entry, w.conn, ClientOptions{Now: w.time.Now, Transport: panicsAt("/token"), Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			expectPanicReport(t, fail(w, c), log.String(), name)
		})
	}
	t.Run("discovery", func(t *testing.T) {
		r, e := issuerAt(t, configuration, "", nil)
		var log bytes.Buffer
		c := testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) {
			o.Transport, o.Log = panicsAt(configuration), slog.New(slog.NewTextHandler(&log, nil))
		})
		_, err := c.endpoints(t.Context())
		expectPanicReport(t, err, log.String(), "discovery")
		c.http.Transport = http.DefaultTransport
		if ep, err := c.endpoints(t.Context()); err != nil || ep.Token != r.URL+"/t" {
			t.Errorf("the next discovery: %+v %v", ep, err)
		}
	})
}

func expectPanicReport(t *testing.T, err error, log, where string) {
	t.Helper()
	if f := failureOf(t, err); f.Code != "internal" || !strings.Contains(f.Detail, "fault in Authtray") {
		t.Errorf("%+v", f)
	}
	if !strings.Contains(log, where) || !strings.Contains(log, "panicking") || strings.Contains(log, "at-secret") {
		t.Errorf("log: %s", log)
	}
}
