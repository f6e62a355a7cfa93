package api

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/access/audit"
)

var aRead = audit.Record{Time: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Connection: "work", PID: 42, UID: 7, Exe: "/usr/bin/a<b", What: audit.Token}

// Reads gives n records, and with follow one more.
func (f *fake) Reads(ctx context.Context, n int, follow bool, each func(audit.Record) error) error {
	for range n {
		if err := each(aRead); err != nil {
			return err
		}
	}
	if !follow {
		return f.err
	}
	if err := each(audit.Record{Dropped: 3, At: aRead.Time}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (f *fake) Doctor(context.Context) []Check {
	return []Check{{ID: "bus", OK: true, Detail: "There is a bus."}, {ID: "keychain", Detail: "Locked.", Hint: "unlock it"}}
}

func TestTheLogIsARecordALine(t *testing.T) {
	w := ask(newFake(), "GET", "/v1/log?n=2", "")
	line := `{"time":"2026-11-23T12:00:00Z","connection":"work","pid":42,"uid":7,"exe":"/usr/bin/a<b","what":"token"}` + "\n"
	if w.Code != 200 || w.Body.String() != line+line || w.Header().Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
	if w := ask(newFake(), "GET", "/v1/log", ""); strings.Count(w.Body.String(), "\n") != defaultReads {
		t.Errorf("by default %d lines", strings.Count(w.Body.String(), "\n"))
	}
}

func TestALogThatIsAskedForWronglyIsRefused(t *testing.T) {
	for _, query := range []string{"n=-1", "n=x", "n=", "follow=x"} {
		if w := ask(newFake(), "GET", "/v1/log?"+query, ""); w.Code != 400 {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

func TestAFollowedLogStaysOpenUntilItsReaderLeaves(t *testing.T) {
	address := listening(t, newFake())
	ctx, leave := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "GET", "http://agent/v1/log?n=1&follow=true", nil)
	answer, err := httpClient(address).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for _, want := range []string{`"connection":"work"`, `"dropped":3`} {
		if !lines.Scan() || !strings.Contains(lines.Text(), want) {
			t.Fatalf("%q, want %s", lines.Text(), want)
		}
	}
	leave()
	if lines.Scan() {
		t.Errorf("more: %q", lines.Text())
	}
}

func TestTheDoctorsReport(t *testing.T) {
	w := ask(newFake(), "GET", "/v1/doctor", "")
	want := `{"checks":[{"id":"bus","ok":true,"detail":"There is a bus.","hint":""},{"id":"keychain","ok":false,"detail":"Locked.","hint":"unlock it"}]}` + "\n"
	if w.Code != 200 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
