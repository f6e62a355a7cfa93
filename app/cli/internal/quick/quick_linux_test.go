package quick

import (
	"io"
	"net"
	"path/filepath"
	"strings"
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
	answer, asked := ask("/v1/connections/work/token")
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
	if answer, asked := ask("/x"); answer != nil || !asked {
		t.Errorf("%q, %v: the ordinary command must know that it was asked", answer, asked)
	}
}

func TestWithoutAnAgentNothingWasAsked(t *testing.T) {
	t.Setenv("AUTHTRAY_SOCKET", filepath.Join(t.TempDir(), "none"))
	if answer, asked := ask("/x"); answer != nil || asked {
		t.Errorf("%q, %v", answer, asked)
	}
}

func TestArgumentsAreThoseOfThisProcess(t *testing.T) {
	args := arguments()
	if len(args) == 0 || !strings.HasSuffix(args[0], ".test") {
		t.Errorf("%q", args)
	}
}
