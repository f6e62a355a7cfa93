package mcp

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// typescript starts an example server of the TypeScript SDK as it comes, and returns
// its URL. `make mcp-clients` fetches it; nobody else has it.
func typescript(t *testing.T, file string, port int) (at string, stop func()) {
	t.Helper()
	dir := os.Getenv("MCP_CLIENTS")
	if dir == "" {
		t.Skip("MCP_CLIENTS names no folder of npm packages; see make mcp-clients")
	}
	cmd := exec.Command("node", filepath.Join(dir, "node_modules/@modelcontextprotocol/sdk/dist/esm/examples/server", file))
	cmd.Env = append(os.Environ(), fmt.Sprint("MCP_PORT=", port))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	at = fmt.Sprintf("http://127.0.0.1:%d/mcp", port)
	eventually(t, "the server answers", func() bool {
		resp, err := http.Get(at)
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	return at, func() { cmd.Process.Kill(); cmd.Wait() }
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestBridgeWithTheTypeScriptServers(t *testing.T) {
	for _, file := range []string{"simpleStreamableHttp.js"} {
		t.Run(file, func(t *testing.T) {
			w := newWorld(t, nil)
			port := freePort(t)
			at, stop := typescript(t, file, port)
			b := w.bridge()
			b.URL = at
			r := w.start(b)
			if l := r.begin(); l.Error != nil {
				t.Fatal(l.text)
			}
			if l := r.call(1, "tools/list", "{}"); !strings.Contains(l.text, "greet") {
				t.Error(l.text)
			}
			if l := r.call(2, "tools/call", `{"name":"greet","arguments":{"name":"Ada"}}`); !strings.Contains(l.text, "Hello, Ada") {
				t.Error(l.text)
			}
			r.say(`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"start-notification-stream","arguments":{"interval":10,"count":3}}}`)
			for range 3 {
				r.until("notifications/message")
			}
			r.answer(3)
			stop()
			_, stop = typescript(t, file, port)
			defer stop()
			if l := r.call(4, "tools/call", `{"name":"greet","arguments":{"name":"Bob"}}`); !strings.Contains(l.text, "Hello, Bob") {
				t.Errorf("after a restart: %s", l.text)
			}
		})
	}
}
