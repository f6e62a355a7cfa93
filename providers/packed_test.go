package providers

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

// Proxies pack, unpack and relabel what passes.
func TestPackedAnswersAreRead(t *testing.T) {
	for name, tt := range map[string]struct{ encoding, body string }{
		"plain":                               {"", goodAnswer},
		"gzip though nobody asked":            {"gzip", gzipped(goodAnswer)},
		"gzip without a header":               {"", gzipped(goodAnswer)},
		"gzip by its old name":                {"x-gzip", gzipped(goodAnswer)},
		"the header is left, the packing not": {"gzip", goodAnswer},
		"a header that means nothing":         {"identity", goodAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			p := newRecord(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.encoding != "" {
					w.Header().Set("Content-Encoding", tt.encoding)
				}
				io.WriteString(w, tt.body)
			})
			if a, err := refreshWith(t, testClient(t, testEntry(p.URL))); err != nil || a.RefreshToken != "new-refresh" {
				t.Errorf("%+v, %v", a, err)
			}
			if asked := p.requests()[0].header.Get("Accept-Encoding"); asked != "identity" {
				t.Errorf("asked for %q", asked)
			}
		})
	}
}

func TestPackedAnswersAreBounded(t *testing.T) {
	p := newRecord(t, answers(200, gzipped(strings.Repeat(" ", MaxBody)+goodAnswer)))
	_, err := refreshWith(t, testClient(t, testEntry(p.URL)))
	if f := failureOf(t, err); f.Code != "too_large" || !f.Lost {
		t.Errorf("%+v", f)
	}
	p = newRecord(t, answers(200, gzipped(goodAnswer)[:30]))
	_, err = refreshWith(t, testClient(t, testEntry(p.URL)))
	if f := failureOf(t, err); f.Code != "not_oauth" || !f.Lost {
		t.Errorf("cut short: %+v", f)
	}
}

func FuzzUnpacked(f *testing.F) {
	f.Add([]byte(gzipped(goodAnswer)))
	f.Add([]byte(gzipped(goodAnswer)[:30]))
	f.Add([]byte(gzipMagic))
	f.Fuzz(func(t *testing.T, body []byte) {
		if plain, err := unpacked(body); len(plain) > MaxBody+len(body) || err != nil && plain != nil {
			t.Errorf("%d bytes of %d, %v", len(plain), len(body), err)
		}
	})
}
