package tools

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/authtray/authtray/app/tools/mcp/mcptest"
	"github.com/authtray/authtray/providers/practice/practicetest"
)

// clientsIn is the folder with the programs of AI clients: `make mcp-clients` fetches
// them, and nobody else has them.
func clientsIn(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("MCP_CLIENTS")
	if dir == "" {
		t.Skip("MCP_CLIENTS names no folder of clients; see make mcp-clients")
	}
	return filepath.Join(dir, "node_modules", ".bin")
}

// mcpWorld is a user with an MCP server and the clients.
func mcpWorld(t *testing.T) (w *world, server string) {
	t.Setenv("PATH", clientsIn(t)+":"+os.Getenv("PATH"))
	w = start(t)
	return w, w.mcpServer()
}

func TestMCPInspectorCallsTheTool(t *testing.T) {
	w, _ := mcpWorld(t)
	out := w.run("mcp-inspector", "--cli", "authtray", "mcp", "notes", "--method", "tools/call", "--tool-name", "who")
	if !strings.Contains(out, "Ada Lovelace") {
		t.Error(out)
	}
}

func TestClaudeCodeConnects(t *testing.T) {
	w, server := mcpWorld(t)
	w.run("authtray", "setup", "mcp", "notes", "--client", "claude-code", "--write")
	w.run("authtray", "setup", "mcp", "notes", "--client", "claude-code", "--write") // changes nothing
	w.file("headers.sh", "#!/bin/sh\nexec authtray token notes --format mcp-headers\n")
	if err := os.Chmod(filepath.Join(w.home, "headers.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.run("claude", "mcp", "add-json", "--scope", "user", "hook",
		fmt.Sprintf(`{"type":"http","url":%q,"headersHelper":%q}`, server, filepath.Join(w.home, "headers.sh")))
	out := w.run("claude", "mcp", "list")
	for _, name := range []string{"notes", "hook"} {
		if !regexp.MustCompile(`(?m)^` + name + `: .*Connected`).MatchString(out) {
			t.Errorf("%s:\n%s", name, out)
		}
	}
	w.run("authtray", "setup", "mcp", "notes", "--client", "claude-code", "--remove")
	if out := w.run("claude", "mcp", "list"); strings.Contains(out, "notes: ") || !strings.Contains(out, "hook: ") {
		t.Errorf("without the entry:\n%s", out)
	}
}

func TestOpencodeConnects(t *testing.T) {
	w, _ := mcpWorld(t)
	w.run("authtray", "setup", "mcp", "notes", "--client", "opencode", "--write")
	if out := w.run("opencode", "mcp", "list"); !strings.Contains(out, "notes") || !strings.Contains(out, "connected") {
		t.Error(out)
	}
	w.run("authtray", "setup", "mcp", "notes", "--client", "opencode", "--remove")
	if out := w.run("opencode", "mcp", "list"); strings.Contains(out, "notes") {
		t.Errorf("without the entry:\n%s", out)
	}
}

func TestCodexReadsItsEntry(t *testing.T) {
	w, _ := mcpWorld(t)
	w.run("authtray", "setup", "mcp", "notes", "--client", "codex", "--write")
	if out := w.run("codex", "mcp", "get", "notes"); !strings.Contains(out, "mcp notes") {
		t.Error(out)
	}
}

// rival is one way to bridge: how its command is made, and what it takes to sign in.
type rival struct {
	name    string
	command func(w *world, n int) *exec.Cmd
}

// bridgesWork is what three clients at once see of a bridge.
type bridgesWork struct {
	connected []time.Duration
	answered  int
	refreshes int
	peak      []int // kB
}

const (
	benchClients = 3
	benchCalls   = 28
	benchPause   = 2500 * time.Millisecond
	benchLife    = 30 * time.Second // of a token
	benchConnect = 2 * time.Minute  // some wait for a sign-in of another instance for ever
)

func TestBridgesBesideMCPRemote(t *testing.T) {
	w, server := mcpWorld(t)
	program := w.built()
	w.provider.SetLifetime(benchLife)
	w.run("authtray", "refresh", "notes")
	work := func(name string, command func(w *world, _ int) *exec.Cmd) bridgesWork {
		got := w.bench(rival{name, command})
		slices.Sort(got.connected)
		slices.Sort(got.peak)
		t.Logf("%s: %d of %d calls answered, %d refreshes, connected in %v, RSS at the peak %v kB", name, got.answered, benchClients*benchCalls,
			got.refreshes, got.connected, got.peak)
		return got
	}
	ours := work("authtray mcp", func(w *world, _ int) *exec.Cmd { return w.command(program, "mcp", "notes") })
	theirs := work("mcp-remote", func(w *world, _ int) *exec.Cmd { return w.command("mcp-remote", server, "--allow-http") })
	if len(ours.connected) == 0 || len(theirs.connected) == 0 {
		t.Fatal("one of the two never connected")
	}
	if ours.answered != benchClients*benchCalls {
		t.Errorf("%d calls are not answered", benchClients*benchCalls-ours.answered)
	}
	if lives := int(benchCalls*benchPause/benchLife) + 1; ours.refreshes > lives {
		t.Errorf("%d refreshes in %d lives of a token", ours.refreshes, lives)
	}
	if largest := ours.peak[len(ours.peak)-1]; largest > maxBridge {
		t.Errorf("a bridge takes %d kB, more than %d", largest, maxBridge)
	}
	if slow, rivals := ours.connected[len(ours.connected)-1], theirs.connected[0]; slow > rivals*3/10 {
		t.Errorf("connected in %v, and the rival in %v", slow, rivals)
	}
}

// bench runs three clients at once, 28 calls each over 70 s.
func (w *world) bench(r rival) (got bridgesWork) {
	w.Helper()
	if r.name == "mcp-remote" {
		w.signInRemote(r.command(w, 0))
	}
	before := w.provider.TokenHits()
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range benchClients {
		all.Go(func() {
			began := time.Now()
			cmd := r.command(w, n)
			c := sdk.NewClient(&sdk.Implementation{Name: "bench", Version: "1"}, nil)
			late := time.AfterFunc(benchConnect, func() { cmd.Process.Kill() })
			s, err := c.Connect(w.Context(), &sdk.CommandTransport{Command: cmd, TerminateDuration: 5 * time.Second}, nil)
			late.Stop()
			if err != nil {
				w.Errorf("%s: %v", r.name, err)
				return
			}
			defer s.Close()
			took := time.Since(began)
			answered := 0
			for range benchCalls {
				if _, err := s.CallTool(w.Context(), &sdk.CallToolParams{Name: mcptest.Tool}); err == nil {
					answered++
				}
				time.Sleep(benchPause)
			}
			peak := w.peak(cmd.Process.Pid)
			mu.Lock()
			defer mu.Unlock()
			got.connected, got.answered, got.peak = append(got.connected, took.Round(time.Millisecond)), got.answered+answered, append(got.peak, peak)
		})
	}
	all.Wait()
	got.refreshes = w.provider.TokenHits() - before
	return got
}

// signInRemote signs in for mcp-remote, once, as a browser would.
func (w *world) signInRemote(cmd *exec.Cmd) {
	w.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		w.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		w.Fatal(err)
	}
	cmd.Stdout = io.Discard
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		at := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(at, w.provider.Issuer) {
			redirect, err := practicetest.Consent(w.Context(), at, "ada")
			if err != nil {
				w.Fatal(err)
			}
			if resp, err := http.Get(redirect); err == nil {
				resp.Body.Close()
			}
		}
		if strings.Contains(lines.Text(), "Proxy established") {
			break
		}
	}
	stdin.Close()
	cmd.Process.Kill()
	cmd.Wait()
}

func TestAddedLatencyOfABridge(t *testing.T) {
	w := start(t)
	server := w.mcpServer()
	cmd := w.command(w.built(), "mcp", "notes")
	bridged := w.mcpClient(cmd)
	c := sdk.NewClient(&sdk.Implementation{Name: "client", Version: "1"}, nil)
	direct, err := c.Connect(w.Context(), &sdk.StreamableClientTransport{Endpoint: server, HTTPClient: &http.Client{Transport: bearer(w.token("notes"))}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	var with, without, added []time.Duration
	for range 500 { // in turn, so that what else the machine does is in both
		one, other := w.takes(bridged), w.takes(direct)
		with, without, added = append(with, one), append(without, other), append(added, one-other)
	}
	slices.Sort(with)
	slices.Sort(without)
	slices.Sort(added)
	load, _ := os.ReadFile("/proc/loadavg")
	t.Logf("RSS %d kB after 500 calls, %d kB at the peak", w.rss(cmd.Process.Pid), w.peak(cmd.Process.Pid))
	t.Logf("a call takes %v through the bridge and %v without it (medians), %v more (median of the pairs) at a load of %s",
		with[len(with)/2], without[len(without)/2], added[len(added)/2], load)
	if more := added[len(added)/2]; more > maxAdded && os.Getenv("MCP_CLIENTS") != "" { // make mcp-clients, on a quiet machine
		t.Errorf("the bridge adds %v to a call, more than %v", more, maxAdded)
	}
}

// maxAdded is how much longer a call may take through a bridge, half of the time.
const maxAdded = time.Millisecond

// takes is how long a call takes.
func (w *world) takes(s *sdk.ClientSession) time.Duration {
	w.Helper()
	began := time.Now()
	mcptest.Who(w, s)
	return time.Since(began)
}

// bearer is a client that has a token, as nobody renews it.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}
