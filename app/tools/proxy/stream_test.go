package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/authtray/authtray/tokens"
)

// TestBothWaysStreamAtOnce: the API answers each line before the next is sent.
func TestBothWaysStreamAtOnce(t *testing.T) {
	g := newRig(t, func(w http.ResponseWriter, r *http.Request) {
		line := http.NewResponseController(w)
		line.EnableFullDuplex()
		in := bufio.NewScanner(r.Body)
		for in.Scan() {
			fmt.Fprintln(w, "heard", in.Text())
			line.Flush()
		}
	})
	in, out := io.Pipe()
	answers := make(chan *bufio.Reader, 1)
	go func() {
		answer, err := g.tools.Client().Do(g.request("POST", "/x", in))
		if err != nil {
			t.Error(err)
			close(answers)
			return
		}
		t.Cleanup(func() { answer.Body.Close() })
		answers <- bufio.NewReader(answer.Body)
	}()
	fmt.Fprintln(out, "one")
	heard := <-answers
	for i, word := range []string{"one", "two", "three"} {
		if i > 0 {
			fmt.Fprintln(out, word)
		}
		if got, err := heard.ReadString('\n'); got != "heard "+word+"\n" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	out.Close()
	if rest, err := io.ReadAll(heard); len(rest) > 0 || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

// TestAStreamOfEventsIsNotHeldUpToBeJudged: also where the entry's rule asks for
// bodies.
func TestAStreamOfEventsIsNotHeldUpToBeJudged(t *testing.T) {
	goOn := make(chan struct{})
	g := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: 1\n")
		http.NewResponseController(w).Flush()
		<-goOn
		io.WriteString(w, "data: 2\n")
	}, "401", "200 ok=false")
	answer, err := g.tools.Client().Do(g.request("GET", "/x", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	in := bufio.NewReader(answer.Body)
	if first, err := in.ReadString('\n'); first != "data: 1\n" {
		t.Fatalf("%q, %v", first, err)
	}
	close(goOn)
	if rest, _ := io.ReadAll(in); string(rest) != "data: 2\n" {
		t.Errorf("%q", rest)
	}
}

// TestAnAnswerComesWithoutTheRestOfTheBody: the API refuses at once, and the tool
// never sends what it announced.
func TestAnAnswerComesWithoutTheRestOfTheBody(t *testing.T) {
	for _, head := range []string{"Content-Length: 10000000\r\n\r\nthe beginning", "Transfer-Encoding: chunked\r\n\r\n3\r\nthe\r\n"} {
		for _, status := range []int{401, 413} {
			g := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
				http.NewResponseController(w).EnableFullDuplex() // or this server would wait for the rest itself
				w.WriteHeader(status)
				io.WriteString(w, "no")
			})
			tool, in := g.line()
			fmt.Fprint(tool, "POST /x HTTP/1.1\r\nHost: h\r\n"+head)
			answer, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(answer.Body); answer.StatusCode != status || string(body) != "no" {
				t.Errorf("%d %q, %v", answer.StatusCode, body, err)
			}
		}
	}
}

func TestAToolThatHangsUpWhileItSendsLooksBrokenToTheAPI(t *testing.T) {
	ended := make(chan struct{})
	begun := make(chan struct{})
	g := newRig(t, func(_ http.ResponseWriter, r *http.Request) {
		defer close(ended)
		r.Body.Read(make([]byte, 1))
		close(begun)
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			t.Error("half a body arrived as a whole one")
		}
	})
	tool, _ := g.line()
	fmt.Fprint(tool, "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nthe\r\n")
	within(t, "the API is being sent to", begun)
	tool.Close()
	within(t, "the API's request ends", ended)
}

func TestAnEndlessBodyEndsWithTheAPIsPatience(t *testing.T) {
	g := newRig(t, func(w http.ResponseWriter, r *http.Request) {
		io.CopyN(io.Discard, r.Body, 3*MaxReplay)
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})
	tool, in := g.line()
	go func() {
		fmt.Fprint(tool, "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
		piece := fmt.Sprintf("%x\r\n%s\r\n", 1<<16, strings.Repeat("x", 1<<16))
		for {
			if _, err := io.WriteString(tool, piece); err != nil {
				return // told to stop
			}
		}
	}()
	answer, err := http.ReadResponse(in, nil)
	if err != nil || answer.StatusCode != http.StatusRequestEntityTooLarge && answer.StatusCode != 599 { // the line may break before the answer is read
		t.Fatalf("%v, %v", answer, err)
	}
}

func TestAnAnswerThatBreaksOffIsBrokenForTheToolToo(t *testing.T) {
	for name, head := range map[string]string{"of a length": "Content-Length: 100\r\n\r\nhalf", "in chunks": "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"} {
		for _, dead := range [][]string{nil, {"401", "200 ok=false"}} { // streamed, and judged
			g := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
				c, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"+head)
				c.Close()
			}, dead...)
			answer, err := g.tools.Client().Do(g.request("GET", "/x", nil))
			if err != nil {
				continue // broken it is
			}
			if body, err := io.ReadAll(answer.Body); err == nil {
				t.Errorf("%s: half an answer arrived as a whole one: %q", name, body)
			}
			answer.Body.Close()
		}
	}
}

func TestAnAPIThatCannotBeReachedIsSaid(t *testing.T) {
	g := newRig(t, func(http.ResponseWriter, *http.Request) {})
	g.api.Close()
	if answer, _ := g.send(g.request("GET", "/secret-path", nil)); answer.StatusCode != 599 {
		t.Fatalf("answered %d", answer.StatusCode)
	}
	e := g.failure()
	if e.Code != tokens.CodeTemporarilyUnavailable || !strings.Contains(e.Detail, "cannot be reached") || strings.Contains(e.Detail, "at-1") || strings.Contains(e.Detail, "secret-path") {
		t.Errorf("%+v", e)
	}
}
