package mcp

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// breaking has the stream that answers a call to the tool "numbered" begin with an event
// that carries a number and whatever says, and then break off. The rest, after that
// number, is what the stream that GET opens has.
func (w *world) breaking(says string) (resumed chan string) {
	resumed = make(chan string, 10)
	w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
		switch after := r.Header.Get("Last-Event-ID"); {
		case r.Method == http.MethodGet && after != "":
			resumed <- after
			rw.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(rw, "id: 8\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"said\":\"the rest\"}}\n\n")
			return true
		case r.Method != http.MethodPost:
			return false
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if !strings.Contains(string(body), "numbered") {
			return false
		}
		rw.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(rw, "id: 7\nretry: 1\n"+says+"\n\n")
		rw.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	return resumed
}

func TestAnswersStreamThatBreaksOffIsTakenUpWhereItBroke(t *testing.T) {
	for name, says := range map[string]string{
		"after an event without data":  "data: ",
		"after a notification":         `data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}`,
		"after an answer to another's": `data: {"jsonrpc":"2.0","id":77,"result":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, stateful(notes()))
			r := w.start(w.bridge())
			r.begin()
			r.call(0, "ping", "{}")
			resumed := w.breaking(says)
			if l := r.call(1, "tools/call", `{"name":"numbered","arguments":{}}`); !strings.Contains(l.text, "the rest") {
				t.Error(l.text)
			}
			close(resumed)
			if after := <-resumed; after != "7" {
				t.Errorf("what comes after %q was asked for", after)
			}
		})
	}
}

func TestOwnStreamOfTheServerIsTakenUpWhereItBroke(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	var after []string
	w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		after = append(after, r.Header.Get("Last-Event-ID")) // one after the other
		rw.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(rw, "retry: 1\nid: event-%d\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"n\":%d}}\n\n", len(after), len(after))
		if len(after) == 3 {
			rw.(http.Flusher).Flush()
			<-r.Context().Done()
		}
		return true
	})
	r := w.start(w.bridge())
	r.begin()
	for n := 1; n <= 3; n++ {
		if l := r.until("notifications/message"); !strings.Contains(l.text, fmt.Sprintf(`{"n":%d}`, n)) {
			t.Errorf("message %d is %s", n, l.text)
		}
	}
	if got := strings.Join(after, " "); got != " event-1 event-2" {
		t.Errorf("what comes after %q was asked for", got)
	}
}

// Most answers are the first event of their stream, and are read by the bridge itself.
func TestLongAnswersPassWhole(t *testing.T) {
	for _, era := range eras {
		t.Run(era.name, func(t *testing.T) {
			w := newWorld(t, era.serve(notes()))
			s := w.connect(w.bridge(), era.version, nil)
			for _, length := range []int{1, maxFirst - 300, maxFirst, maxFirst + 300, 300 << 10} {
				text := strings.Repeat("x", length)
				if got := sayEcho(t, s, text); got != text {
					t.Errorf("of %d letters %d came", length, len(got))
				}
			}
		})
	}
}
