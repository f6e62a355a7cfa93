package proxy

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/authtray/authtray/tokens/client/retry"
)

// TestWhatARejectionIsTheEntrySays: each row is what the API answers to at-1; to
// at-2 it answers "fine".
func TestWhatARejectionIsTheEntrySays(t *testing.T) {
	slack := []string{"401", "200 ok=false error=token_expired"}
	figma := []string{"401", "403 err=Token expired"}
	long := `{"pad":"` + strings.Repeat("x", retry.MaxJudged) + `","ok":false,"error":"token_expired"}`
	for name, c := range map[string]struct {
		dead         []string
		status       int
		kind, answer string
		packed       bool
		again        bool
	}{
		"an ordinary 401":              {nil, 401, "text/html", "<p>no", false, true},
		"an ordinary 403":              {nil, 403, "application/json", `{"error":"invalid_token"}`, false, false},
		"Slack's 200":                  {slack, 200, "application/json; charset=utf-8", `{"ok":false,"error":"token_expired"}`, false, true},
		"Slack's 200, packed":          {slack, 200, "application/json", `{"ok":false,"error":"token_expired"}`, true, true},
		"Slack's other errors":         {slack, 200, "application/json", `{"ok":false,"error":"channel_not_found"}`, false, false},
		"Slack's answer":               {slack, 200, "application/json", `{"ok":true}`, false, false},
		"a file that quotes it":        {slack, 200, "application/octet-stream", `{"ok":false,"error":"token_expired"}`, false, false},
		"an answer too long for it":    {slack, 200, "application/json", long, false, false},
		"Slack's 401":                  {slack, 401, "text/plain", "", false, true},
		"Figma's 403":                  {figma, 403, "application/json", `{"status":403,"err":"Token expired"}`, false, true},
		"Figma's 403 for other things": {figma, 403, "application/json", `{"status":403,"err":"Not yours"}`, false, false},
		"packed, but not":              {slack, 200, "application/json", "\x1f\x8bnonsense", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			g := newRig(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				if r.Header.Get("Authorization") == "Bearer at-2" {
					io.WriteString(w, "fine")
					return
				}
				w.Header().Set("Content-Type", c.kind)
				text := []byte(c.answer)
				if c.packed {
					w.Header().Set("Content-Encoding", "gzip")
					text = pack(c.answer)
				}
				w.WriteHeader(c.status)
				w.Write(text)
			}, c.dead...)
			answer, body := g.send(g.request("GET", "/x", nil, "Accept-Encoding", "br, gzip"))
			switch {
			case c.again && (body != "fine" || requests.Load() != 2 || g.tokens.reports() != 1):
				t.Errorf("%d %.80q after %d requests and %d reports", answer.StatusCode, body, requests.Load(), g.tokens.reports())
			case !c.again && (answer.StatusCode != c.status || body != c.answer || requests.Load() != 1 || g.tokens.reports() != 0):
				t.Errorf("%d %.80q after %d requests and %d reports: the answer did not come through whole", answer.StatusCode, body, requests.Load(), g.tokens.reports())
			}
		})
	}
}

func pack(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.Bytes()
}

func TestTheAPIsRefusalIsTheAnswerWhereThereIsNoOtherToken(t *testing.T) {
	g := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		http.Error(w, "the API's own words", http.StatusUnauthorized)
	})
	g.tokens.stuck = true
	answer, body := g.send(g.request("GET", "/x", nil))
	if answer.StatusCode != 401 || body != "the API's own words\n" || answer.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("%d %q %v", answer.StatusCode, body, answer.Header)
	}
}

func TestASecondRejectionIsTheAnswer(t *testing.T) {
	var requests atomic.Int32
	g := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
	})
	if answer, _ := g.send(g.request("GET", "/x", nil)); answer.StatusCode != 401 || requests.Load() != 2 || g.tokens.reports() != 1 {
		t.Errorf("%d after %d requests and %d reports", answer.StatusCode, requests.Load(), g.tokens.reports())
	}
}

// unsized hides the length of a body, so that it is sent in chunks.
type unsized struct{ io.Reader }

// TestWhichBodiesAreSentAgain: at-1 is refused after the body was read.
func TestWhichBodiesAreSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		body  io.Reader
		size  int
		again bool
	}{
		"none":                       {nil, 0, true},
		"a short one":                {strings.NewReader("body"), 4, true},
		"the longest":                {strings.NewReader(strings.Repeat("x", MaxReplay)), MaxReplay, true},
		"a longer one":               {strings.NewReader(strings.Repeat("x", MaxReplay+1)), MaxReplay + 1, false},
		"a short one in chunks":      {unsized{strings.NewReader("body")}, 4, true},
		"the longest in chunks":      {unsized{strings.NewReader(strings.Repeat("x", MaxReplay))}, MaxReplay, true},
		"a longer one in chunks":     {unsized{strings.NewReader(strings.Repeat("x", MaxReplay+1))}, MaxReplay + 1, false},
		"an empty one, sent as such": {unsized{strings.NewReader("")}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			sizes := make(chan int, 9)
			g := newRig(t, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Errorf("the API got a broken body: %v", err)
				}
				sizes <- len(body)
				if r.Header.Get("Authorization") != "Bearer at-2" {
					w.WriteHeader(http.StatusUnauthorized)
				}
			})
			want, times := 401, 1
			if c.again {
				want, times = 200, 2
			}
			if answer, _ := g.send(g.request("POST", "/x", c.body)); answer.StatusCode != want {
				t.Errorf("answered %d, want %d", answer.StatusCode, want)
			}
			if len(sizes) != times {
				t.Errorf("sent %d times", len(sizes))
			}
			for range len(sizes) {
				if n := <-sizes; n != c.size {
					t.Errorf("the API got %d bytes of %d", n, c.size)
				}
			}
			if g.tokens.reports() != 1 {
				t.Errorf("the agent was told %d times: the next request would fail too", g.tokens.reports())
			}
		})
	}
}
