package tools

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// npmServer starts an MCP server of an npm package at http://localhost, and returns
// its URL. `make mcp-clients` fetches the packages.
func (w *world) npmServer(port int, env []string, args ...string) (at string) {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), "node", args...)
	cmd.Env = append(append(os.Environ(), fmt.Sprint("MCP_PORT=", port)), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if w.Failed() {
			w.Logf("the server said:\n%s", out.String())
		}
	})
	at = fmt.Sprintf("http://localhost:%d/mcp", port)
	bustest.Eventually(w, bustest.Said("the server does not answer"), func() bool {
		resp, err := http.Get(at)
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	return at
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// browse is a browser that opens an address; the page that it ends at.
func (w *world) browse(r *http.Request, err error) (page string, at *url.URL) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r.WithContext(w.Context()))
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		w.Fatalf("%s: %s, %v", resp.Request.URL.Path, resp.Status, err)
	}
	return string(body), resp.Request.URL
}

// useOf calls a tool through the bridge, in a client of each era.
func (w *world) useOf(name string, call *sdk.CallToolParams, want string) {
	w.Helper()
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		c := sdk.NewClient(&sdk.Implementation{Name: "client", Version: "1"}, nil)
		s, err := c.Connect(w.Context(), &sdk.CommandTransport{Command: w.command("authtray", "mcp", name), TerminateDuration: 10 * time.Second},
			&sdk.ClientSessionOptions{ProtocolVersion: version})
		if err != nil {
			w.Fatal(err)
		}
		if _, err := s.ListTools(w.Context(), nil); err != nil {
			w.Errorf("%s: %v", version, err)
		}
		result, err := s.CallTool(w.Context(), call)
		switch {
		case err != nil:
			w.Errorf("%s: %v", version, err)
		case !strings.Contains(result.Content[0].(*sdk.TextContent).Text, want):
			w.Errorf("%s: %q", version, result.Content[0].(*sdk.TextContent).Text)
		}
		s.Close()
	}
	if out := w.run("authtray", "status", name); !strings.Contains(out, call.Name) {
		w.Errorf("the tool's name is not remembered:\n%s", out)
	}
}

func TestTypeScriptServerWithOAuthAtLocalhost(t *testing.T) {
	clientsIn(t)
	for _, how := range []string{"--oauth", "--oauth-strict"} {
		t.Run(how, func(t *testing.T) {
			w := start(t)
			args := []string{filepath.Join(os.Getenv("MCP_CLIENTS"), "node_modules/@modelcontextprotocol/sdk/dist/esm/examples/server/simpleStreamableHttp.js"), "--oauth"}
			if how != "--oauth" {
				args = append(args, how)
			}
			at := w.npmServer(freePort(t), []string{fmt.Sprint("MCP_AUTH_PORT=", freePort(t))}, args...)
			w.run("authtray", "add", "notes", "--mcp", at)
			w.signInBy("notes", func(address string) { w.browse(http.NewRequest(http.MethodGet, address, nil)) })
			w.useOf("notes", &sdk.CallToolParams{Name: "greet", Arguments: map[string]any{"name": "Ada"}}, "Hello, Ada")
		})
	}
}

func TestFastMCPWithItsOAuthProxy(t *testing.T) {
	clientsIn(t)
	port := freePort(t)
	upstream := practicetest.Start(t, server.Options{Clients: []server.Client{{
		ID: "fastmcp", Name: "FastMCP", Secret: "fastmcp-secret", RedirectURIs: []string{fmt.Sprintf("http://localhost:%d/oauth/callback", port)},
	}}})
	w := start(t)
	at := w.npmServer(port, []string{"ISSUER=" + upstream.Issuer, "MCP_CLIENTS=" + os.Getenv("MCP_CLIENTS")}, "testdata/fastmcp.mjs")
	w.run("authtray", "add", "fast", "--mcp", at)
	w.signInBy("fast", func(address string) {
		page, on := w.browse(http.NewRequest(http.MethodGet, address, nil))
		id := regexp.MustCompile(`name="transaction_id" value="([^"]+)"`).FindStringSubmatch(page)
		if id == nil {
			t.Fatalf("no form for consent: %s", page)
		}
		form := url.Values{"transaction_id": {id[1]}, "action": {"approve"}}
		r, err := http.NewRequest(http.MethodPost, on.ResolveReference(&url.URL{Path: "/oauth/consent"}).String(), strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		redirect, err := practicetest.Consent(t.Context(), resp.Header.Get("Location"), "ada")
		if err != nil {
			t.Fatalf("%s, %v", resp.Status, err)
		}
		w.browse(http.NewRequest(http.MethodGet, redirect, nil))
	})
	w.useOf("fast", &sdk.CallToolParams{Name: "who"}, "Ada Lovelace")
	w.run("authtray", "refresh", "fast")
	w.useOf("fast", &sdk.CallToolParams{Name: "who"}, "Ada Lovelace")
}
