package tools

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/tools/mcp/mcptest"
)

// mcpServer starts an MCP server that takes tokens of the practice provider, and a
// connection "notes" to it.
func (w *world) mcpServer() (at string) {
	w.Helper()
	at = mcptest.Start(w, w.provider.Issuer)
	w.addNotes("mcp = \"" + at + "\"\n")
	return at
}

// addNotes adds the connection "notes", whose file holds these lines too, and signs
// in.
func (w *world) addNotes(lines string) {
	w.Helper()
	w.file(".config/authtray/connections/notes.toml", "provider = \"mcp\"\n"+lines)
	bustest.Eventually(w, bustest.Said("the connection is not taken up"), func() bool { return w.command("authtray", "status", "notes").Run() == nil })
	w.signIn("notes", "ada")
}

// mcpClient is an AI client that has started a program as its MCP server.
func (w *world) mcpClient(cmd *exec.Cmd) *sdk.ClientSession {
	w.Helper()
	c := sdk.NewClient(&sdk.Implementation{Name: "client", Version: "1"}, nil)
	session, err := c.Connect(w.Context(), &sdk.CommandTransport{Command: cmd, TerminateDuration: 10 * time.Second}, nil)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { session.Close() })
	return session
}

// built is the program as it is installed, without what these tests link too.
func (w *world) built() string {
	w.Helper()
	program := filepath.Join(w.dir("bin"), "authtray")
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", program, "github.com/authtray/authtray")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		w.Fatalf("%v: %s", err, out)
	}
	return program
}

// rss is what a process has in memory, in kB; peak is the most that it had.
func (w *world) rss(pid int) int  { w.Helper(); return w.memory(pid, "VmRSS:") }
func (w *world) peak(pid int) int { w.Helper(); return w.memory(pid, "VmHWM:") }

func (w *world) memory(pid int, what string) int {
	w.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		w.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, what); ok {
			kb, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				w.Fatal(err)
			}
			return kb
		}
	}
	w.Fatal("no ", what)
	return 0
}

// maxBridge is how large a bridge may be, in kB.
const maxBridge = 12 << 10

func TestAHundredBridgesAreSmallAndShareOneSignIn(t *testing.T) {
	w := start(t)
	w.mcpServer()
	program := w.built()
	refreshes := w.provider.TokenHits()
	var mu sync.Mutex
	var pids []int
	var all sync.WaitGroup
	for range 100 {
		cmd := w.command(program, "mcp", "notes")
		s := w.mcpClient(cmd)
		all.Go(func() {
			for range 5 {
				if got := mcptest.Who(w, s); got != "Ada Lovelace" {
					t.Errorf("the server knows the caller as %q", got)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			pids = append(pids, cmd.Process.Pid)
		})
	}
	all.Wait()
	var sizes []int
	bustest.Eventually(w, func() string { return fmt.Sprintf("the bridges take %v kB", sizes) }, func() bool {
		sizes = nil
		for _, pid := range pids {
			sizes = append(sizes, w.rss(pid))
		}
		slices.Sort(sizes)
		return sizes[len(sizes)-1] <= maxBridge
	})
	t.Logf("RSS of a bridge: %d kB, at most %d kB", sizes[len(sizes)/2], sizes[len(sizes)-1])
	if now := w.provider.TokenHits(); now != refreshes {
		t.Errorf("%d refreshes of a token that lives an hour", now-refreshes)
	}
}

func TestBridgeEndsWithItsParentThoughStdinStaysOpen(t *testing.T) {
	w := start(t)
	w.mcpServer()
	stdin, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	cmd := w.command("sh", "-c", "authtray mcp notes <&3 & echo $!; wait")
	cmd.ExtraFiles = []*os.File{stdin}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanln(out, &pid); err != nil {
		t.Fatal(err)
	}
	io.WriteString(hold, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`+"\n")
	if _, err := out.Read(make([]byte, 1)); err != nil { // it runs
		t.Fatal(err)
	}
	cmd.Process.Kill()
	bustest.Eventually(w, bustest.Said("the bridge outlives its parent"), func() bool { return syscall.Kill(pid, 0) != nil })
	cmd.Wait()
}

func TestBridgeWritesNoTokenToFilesOrStderr(t *testing.T) {
	w := start(t)
	w.mcpServer()
	cmd := w.command("authtray", "mcp", "notes")
	var errs strings.Builder
	cmd.Stderr = &errs
	s := w.mcpClient(cmd)
	mcptest.Who(w, s)
	s.Close()
	if out := w.run("authtray", "log"); !strings.Contains(out, "for client: who") {
		t.Errorf("the log does not name the client and the tool:\n%s", out)
	}
	token := w.token("notes")
	if strings.Contains(errs.String(), token) {
		t.Error("the token is on stderr")
	}
	filepath.WalkDir(w.home, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if data, err := os.ReadFile(path); err == nil && strings.Contains(string(data), token) {
				t.Errorf("the token is in %s", path)
			}
		}
		return nil
	})
}

// listening are the inodes of what this system listens on.
func (w *world) listening() map[string]bool {
	w.Helper()
	all := map[string]bool{}
	for file, listens := range map[string]func(fields []string) (inode string, ok bool){
		"/proc/net/tcp":  func(f []string) (string, bool) { return f[9], f[3] == "0A" },
		"/proc/net/tcp6": func(f []string) (string, bool) { return f[9], f[3] == "0A" },
		"/proc/net/unix": func(f []string) (string, bool) { return f[6], f[3] == "00010000" },
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // without IPv6 there is no tcp6
		}
		for n, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			if inode, ok := listens(strings.Fields(line)); n > 0 && ok {
				all["socket:["+inode+"]"] = true
			}
		}
	}
	return all
}

// listens are the sockets on which a process listens.
func (w *world) listens(pid int) (on []string) {
	w.Helper()
	all := w.listening()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	fds, err := os.ReadDir(dir)
	if err != nil {
		w.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(filepath.Join(dir, fd.Name())); err == nil && all[to] {
			on = append(on, to)
		}
	}
	return on
}

func TestCallbackPortClashesAndASignInGoesToAnotherProcess(t *testing.T) {
	w := start(t)
	w.file(".config/authtray/connections/notes.toml", "provider = \"mcp\"\nmcp = \""+mcptest.Start(w, w.provider.Issuer)+"\"\n")
	bustest.Eventually(w, bustest.Said("the connection is not taken up"), func() bool { return w.command("authtray", "status", "notes").Run() == nil })
	var answered sync.WaitGroup
	var pids []int
	for range 3 {
		cmd := w.command("authtray", "mcp", "notes")
		s := w.mcpClient(cmd)
		pids = append(pids, cmd.Process.Pid)
		answered.Go(func() { // again and again, where the sign-in takes longer than a call waits
			var err error
			bustest.Eventually(w, func() string { return fmt.Sprint("the call is not answered: ", err) }, func() bool {
				_, err = s.CallTool(w.Context(), &sdk.CallToolParams{Name: mcptest.Tool})
				return err == nil
			})
		})
	}
	before := w.provider.TokenHits()
	w.signInBy("notes", func(address string) { // while three wait for it
		for _, pid := range pids {
			if on := w.listens(pid); on != nil {
				t.Errorf("a bridge listens on %v while a sign-in is pending", on)
			}
		}
		w.consent(address, "ada")
	})
	answered.Wait()
	if n := w.provider.TokenHits() - before; n != 1 {
		t.Errorf("%d requests for tokens, want the one of the one sign-in", n)
	}
	if n := len(w.listening()); n == 0 {
		t.Error("this test sees no listener at all")
	}
}
