package quick

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// agent takes one connection and answers it.
func agent(t *testing.T, answer string) (heard <-chan string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	t.Setenv("AUTHTRAY_SOCKET", path)
	requests := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		buf := make([]byte, 4096)
		n, _ := conn.Read(buf)
		requests <- string(buf[:n])
		io.WriteString(conn, answer)
	}()
	return requests
}

func TestAgentIsAskedOnce(t *testing.T) {
	long := "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 100_000)
	heard := agent(t, long)
	answer, asked := ask(question{method: "GET", target: "/v1/connections/work/token", accept: asText})
	if string(answer) != long || !asked {
		t.Errorf("%d bytes, %v", len(answer), asked)
	}
	want := "GET /v1/connections/work/token HTTP/1.1\r\nHost: authtray\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"
	if got := <-heard; got != want {
		t.Errorf("%q", got)
	}
}

func TestAgentThatHangsUpGaveNoAnswer(t *testing.T) {
	agent(t, "")
	if answer, asked := ask(question{method: "GET", target: "/x", accept: asText}); answer != nil || !asked {
		t.Errorf("%q, %v: the ordinary command must know that it was asked", answer, asked)
	}
}

func TestWithoutAnAgentNothingWasAsked(t *testing.T) {
	t.Setenv("AUTHTRAY_SOCKET", filepath.Join(t.TempDir(), "none"))
	if answer, asked := ask(question{method: "GET", target: "/x", accept: asText}); answer != nil || asked {
		t.Errorf("%q, %v", answer, asked)
	}
}

func TestArgumentsAreThoseOfThisProcess(t *testing.T) {
	args := arguments()
	if len(args) == 0 || !strings.HasSuffix(args[0], ".test") {
		t.Errorf("%q", args)
	}
}

func TestWhatAToolSaysIsReadToItsEnd(t *testing.T) {
	for _, c := range []struct {
		said       string
		untilBlank bool
		closed     bool // the tool closes its end
		want       string
		whole      bool
	}{
		{"protocol=https\nhost=a\n\n", true, false, "protocol=https\nhost=a\n\n", true},
		{"protocol=https\n", true, true, "protocol=https\n", true},
		{"registry.example.org", false, true, "registry.example.org", true},
		{"", false, true, "", true},
		{strings.Repeat("x", len(scratch)), false, true, strings.Repeat("x", len(scratch)), false},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		stdin, err := syscall.Dup(0)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Dup2(int(r.Fd()), 0); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, c.said)
		if c.closed {
			w.Close()
		}
		said, whole := readTool(c.untilBlank)
		syscall.Dup2(stdin, 0)
		syscall.Close(stdin)
		r.Close()
		w.Close()
		if string(said) != c.want || whole != c.whole {
			t.Errorf("%.40q: %d bytes, %v", c.said, len(said), whole)
		}
	}
}

func TestABodyIsSentWithItsLength(t *testing.T) {
	heard := agent(t, "HTTP/1.1 200 OK\r\n\r\n")
	ask(question{method: "POST", target: "/v1/helpers/git", accept: asText, body: "host=a\n\n"})
	want := "POST /v1/helpers/git HTTP/1.1\r\nHost: authtray\r\nAccept: text/plain\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nhost=a\n\n"
	if got := <-heard; got != want {
		t.Errorf("%q", got)
	}
}
