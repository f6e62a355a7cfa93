package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// listen serves h where the agent would listen.
func listen(t *testing.T, h http.HandlerFunc) {
	t.Helper()
	l, path, err := ListenIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
	t.Setenv("AUTHTRAY_SOCKET", path)
}

func TestDoSendsJSONAndReadsJSON(t *testing.T) {
	listen(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.RequestURI() != "/v1/a%2Fb?y=z" || r.Header.Get("Accept") != "application/json" || string(body) != `{"k":"v"}` {
			t.Errorf("%s %s %s", r.URL, r.Header, body)
		}
		json.NewEncoder(w).Encode(strings.Repeat("x", 100_000)) // long enough to come in chunks
	})
	var long string
	err := Agent{}.Do(t.Context(), "PUT", "/v1/a%2Fb?y=z", map[string]string{"k": "v"}, &long)
	if err != nil || len(long) != 100_000 {
		t.Errorf("%d bytes, %v", len(long), err)
	}
}

func TestDoRefusesAPathThatAddsHeaders(t *testing.T) {
	listen(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	for _, path := range []string{"/v1/x HTTP/1.1\r\nX: y", "/v1/x\n", "/v1/\x7f", "/v1/\x00"} {
		if err := (Agent{}).Do(t.Context(), "GET", path, nil, nil); err == nil {
			t.Errorf("%q was taken", path)
		}
	}
}

func TestDoReadsNoMoreThanItsLimit(t *testing.T) {
	listen(t, func(w http.ResponseWriter, _ *http.Request) {
		piece := []byte(strings.Repeat(" ", 1<<20))
		for range maxAnswer/len(piece) + 1 {
			w.Write(piece)
		}
	})
	var out any
	if err := (Agent{}).Do(t.Context(), "GET", "/", nil, &out); !errors.Is(err, ErrNoAnswer) || !errors.Is(err, errTooLong) {
		t.Errorf("%v", err)
	}
}

func TestRefusalOfARequestThatWasNotReadIsTold(t *testing.T) {
	listen(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		io.WriteString(w, `{"code":"bad_request","detail":"Too long."}`)
	})
	err := Agent{}.Do(t.Context(), "PUT", "/", strings.Repeat("x", 4<<20), nil)
	var p *Problem
	if !errors.As(err, &p) || p.Code != "bad_request" {
		t.Errorf("%v", err)
	}
}

func TestNoAgentIsTold(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a pipe leaves no file behind")
	}
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for _, path := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "no", "folder"), stale} {
		t.Setenv("AUTHTRAY_SOCKET", path)
		if err := (Agent{}).Do(t.Context(), "GET", "/", nil, nil); !errors.Is(err, ErrNoAgent) {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := At(path).Stream(t.Context(), "GET", "/", nil); !errors.Is(err, ErrNoAgent) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAgentThatHangsUpGaveNoAnswer(t *testing.T) {
	for name, said := range map[string]string{"at once": "", "in the head": "HTTP/1.1 200 OK\r\nA: ", "in the body": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{}"} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				theirs.Read(make([]byte, 1024))
				io.WriteString(theirs, said)
				theirs.Close()
			}()
			agent := Agent{Dial: func(context.Context) (net.Conn, error) { return ours, nil }}
			var out any
			if err := agent.Do(t.Context(), "GET", "/", nil, &out); !errors.Is(err, ErrNoAnswer) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestSilentAgentIsWaitedForAsLongAsTheContextSays(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	listen(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel() // the question has arrived, and is never answered
		<-r.Context().Done()
	})
	if err := (Agent{}).Do(ctx, "GET", "/", nil, nil); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrNoAnswer) {
		t.Errorf("%v", err)
	}
}

// streamed is the answer that says so.
func streamed(t *testing.T, said string) *Stream {
	t.Helper()
	listen(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, said) })
	s, err := Agent{}.Stream(t.Context(), "GET", "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStreamGivesWholeLines(t *testing.T) {
	s := streamed(t, "{\"a\":1}\r\n\n{\"b\":2}\n{\"cut")
	for _, want := range []string{`{"a":1}`, "", `{"b":2}`} {
		if line, err := s.Line(); string(line) != want || err != nil {
			t.Errorf("%q, %v; want %q", line, err, want)
		}
	}
	if line, err := s.Line(); err != io.EOF {
		t.Errorf("%q, %v at the end", line, err)
	}
}

func TestStreamEndsAtALineThatIsTooLong(t *testing.T) {
	s := streamed(t, strings.Repeat("x", maxLine+1)+"\n")
	if line, err := s.Line(); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("%d bytes, %v", len(line), err)
	}
}

func TestStreamGivesEvents(t *testing.T) {
	s := streamed(t, ": hello\n\nevent: connection\n: amid\ndata: {\"name\":\ndata:\"a\"}\n\nevent: void\n\ndata: x\nid: 7\n\nevent: removed\ndata: {\"cut\":1}\n")
	for _, want := range [][2]string{{"connection", "{\"name\":\n\"a\"}"}, {"", "x"}} {
		if name, data, err := s.Event(); name != want[0] || string(data) != want[1] || err != nil {
			t.Errorf("%q %q, %v; want %q", name, data, err, want)
		}
	}
	if name, data, err := s.Event(); err != io.EOF {
		t.Errorf("%q %q, %v at the end", name, data, err)
	}
}

func TestStreamEndsWithItsContextAndWithItsAgent(t *testing.T) {
	for name, end := range map[string]func(cancel func(), conn net.Conn){
		"context": func(cancel func(), _ net.Conn) { cancel() },
		"agent":   func(_ func(), conn net.Conn) { conn.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			listen(t, func(w http.ResponseWriter, r *http.Request) {
				conn, buffered, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				io.WriteString(buffered, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n")
				buffered.Flush()
				end(cancel, conn)
				io.Copy(io.Discard, conn)
				conn.Close()
			})
			s, err := Agent{}.Stream(ctx, "GET", "/", nil)
			for err == nil {
				_, err = s.Line()
			}
			if !errors.Is(err, ErrNoAnswer) || errors.Is(err, context.Canceled) != (name == "context") {
				t.Errorf("%v", err)
			}
			if s != nil {
				s.Close()
			}
		})
	}
}

func TestTextIsSentAndReadAsItIs(t *testing.T) {
	listen(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		io.WriteString(w, r.Header.Get("Content-Type")+"|"+r.Header.Get("Accept")+"|"+string(body))
	})
	var told Text
	err := Agent{}.Do(t.Context(), http.MethodPost, "/v1/helpers/git", Text("host=a\n\n"), &told)
	if want := Text("text/plain; charset=utf-8|text/plain|host=a\n\n"); told != want || err != nil {
		t.Errorf("%q, %v", told, err)
	}
}
