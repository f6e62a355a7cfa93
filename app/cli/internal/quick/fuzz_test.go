package quick

import (
	"bytes"
	"testing"

	"github.com/authtray/authtray/tokens/client"
)

// FuzzToken: what the shortcut hands out is what the ordinary client would have
// read from the same bytes, and never half of it.
func FuzzToken(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\nat\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n\r\nat\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nat\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nat\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nat\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 409 x\r\n\r\n{}", "", "HTTP/1.1 200 ",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		body, ok := body(answer, question{accept: asText})
		if !ok {
			return
		}
		whole, err := client.ReadAnswer(answer)
		if err != nil || !bytes.Equal(whole, body) || len(body) == 0 {
			t.Fatalf("hands out %d bytes where the client reads %d: %v", len(body), len(whole), err)
		}
	})
}
