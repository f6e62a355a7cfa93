package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/authtray/authtray/app/version"
)

// terminal is a pseudo-terminal with a person at it.
type terminal struct {
	t      *testing.T
	person *os.File
	exit   chan int

	mu   sync.Mutex
	seen string // all that was written to it
	read int    // how much of that the person has acted on
}

// at runs a command line at a pseudo-terminal.
func (w *world) at(args ...string) *terminal {
	w.t.Helper()
	return atTerminal(w.t, func(ctx context.Context, s *shell) int { return s.main(ctx, args) })
}

// atTerminal has run, which returns an exit code, ask a person at a pseudo-terminal.
func atTerminal(t *testing.T, run func(context.Context, *shell) int) *terminal {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, person: person, exit: make(chan int, 1)}
	go term.listen()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	go func() {
		s := &shell{in: tty, out: tty, err: tty, now: time.Now, build: version.Build{Version: "test"}}
		term.exit <- run(ctx, s)
	}()
	t.Cleanup(func() { cancel(); tty.Close(); person.Close() })
	return term
}

func (t *terminal) listen() {
	for buf := make([]byte, 4096); ; {
		n, err := t.person.Read(buf)
		t.mu.Lock()
		t.seen += string(buf[:n])
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// sees waits for a text that comes after what was acted on last.
func (t *terminal) sees(text string) {
	t.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		t.mu.Lock()
		at := strings.Index(t.seen[t.read:], text)
		if at >= 0 {
			t.read += at + len(text)
		}
		rest := t.seen[t.read:]
		t.mu.Unlock()
		if at >= 0 {
			return
		}
		if time.Now().After(end) {
			t.t.Fatalf("it never said %q; it says:\n%s", text, rest)
		}
	}
}

// answers types what is asked for.
func (t *terminal) answers(question, answer string) {
	t.t.Helper()
	t.sees(question)
	if _, err := t.person.WriteString(answer + "\r"); err != nil {
		t.t.Fatal(err)
	}
}

func (t *terminal) ends(want int) {
	t.t.Helper()
	select {
	case got := <-t.exit:
		if got != want {
			t.t.Errorf("exit %d, want %d:\n%s", got, want, t.screen())
		}
	case <-time.After(time.Minute):
		t.t.Fatalf("it does not end:\n%s", t.screen())
	}
}

func (t *terminal) screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen
}

func TestAddAsksAndLeadsToAToken(t *testing.T) {
	w := newWorld(t, nil)
	p := w.at("add")
	p.answers("Provider (", "openid")
	p.answers("The issuer URL: ", strings.TrimPrefix(w.provider.Issuer, "http://")+"/.well-known/openid-configuration")
	p.answers("A name for this connection [oidc]: ", "My Work")
	p.answers("Scopes [openid profile email offline_access]: ", "openid offline_access notes.read")
	p.sees("Allow the scopes openid, notes.read and offline_access")
	p.answers("Client id (Enter", "  Client ID: authtray ")
	p.answers("Client secret (Enter: it has none), not shown: ", "")
	p.answers("Base URL of the API", w.provider.Issuer+"/api")
	p.answers("Hosts that git", "git example..org")
	p.sees("must be host names")
	p.answers("Hosts that git", "https://Git.example.org/team/project, ghcr.io")
	p.sees("my-work is added.")
	p.answers("Sign in now? [Y/n] ", "")
	p.sees("Connected as ")
	p.sees("A token: authtray token my-work")
	p.ends(0)
	if hosts := w.seen("my-work").Config.Hosts; !slices.Equal(hosts, []string{"git.example.org", "ghcr.io"}) {
		t.Errorf("it answers for %q", hosts)
	}
	w.hasOneIssuer("my-work", w.provider.Issuer)
	w.givesToken("my-work")
	if out := w.types("authtray request my-work /whoami"); !strings.Contains(out, "ada") {
		t.Errorf("the API answers %q", out)
	}
	t.Logf("the conversation:\n%s", p.screen())
}

func TestAddAsksAgainForWhatCannotBe(t *testing.T) {
	w := newWorld(t, nil)
	w.types("authtray add taken --provider practice")
	p := w.at("add")
	p.answers("Provider (", "keycl")
	p.answers("Keycloak host", "")
	p.sees("It cannot be left out.")
	p.answers("Keycloak host", "https://sso.example.org/auth")
	p.answers("The realm: ", "a/../b")
	p.sees("Is not a slug.")
	p.answers("The realm: ", "main")
	p.answers("A name for this connection [keycloak]: ", "taken")
	p.sees("There is a connection of that name already.")
	p.answers("A name for this connection", "a/b")
	p.sees("use up to 64 of a-z")
	p.answers("A name for this connection", "sso")
}

func TestAddThatIsLeftInTheMiddleAddsNothing(t *testing.T) {
	for _, question := range []string{"Provider (", "A name for this connection [github]: "} {
		t.Run(question, func(t *testing.T) {
			w := newWorld(t, nil)
			p := w.at("add")
			key := "\x03"
			if question != "Provider (" {
				p.answers("Provider (", "github")
				key = "\x04" // Ctrl-C is a signal here
			}
			p.sees(question)
			if _, err := p.person.WriteString(key); err != nil {
				t.Fatal(err)
			}
			p.ends(exitFailed)
			if all, _ := os.ReadDir(w.paths.Connections()); len(all) > 0 {
				t.Errorf("added: %v", all)
			}
		})
	}
}

func TestAddWithoutATerminalIsAUsageError(t *testing.T) {
	w := newWorld(t, nil)
	if exit, out, errs := w.command("add"); exit != exitUsage || out != "" || !strings.Contains(errs, "wants the NAME of a connection") {
		t.Errorf("exit %d: %q, %q", exit, out, errs)
	}
}

func TestSecretThatIsAskedForIsNotShown(t *testing.T) {
	w := newWorld(t, nil)
	p := w.at("add")
	p.answers("Provider (", "github")
	p.answers("A name for this connection [github]: ", "")
	p.answers("Scopes", "1")
	p.sees("http://127.0.0.1/callback")
	p.sees("the connection asks for repo, read:user.")
	p.answers("Enter opens that page, s and Enter does not: ", "s")
	p.answers("Client id: ", "")
	p.sees("Paste the client id")
	p.answers("Client id: ", "Iv1.0123 456")
	p.sees("holds no blanks")
	p.answers("Client id: ", "\"Iv1.0123456789abcdef\"")
	p.answers("not shown: ", "Client secret: s3cr3t-of-the-app")
	p.answers("Sign in now? [Y/n] ", "n")
	p.sees("Then later: authtray connect github")
	p.ends(0)
	if strings.Contains(p.screen(), "s3cr3t") {
		t.Error("the secret stands on the screen")
	}
	if text := w.read("github"); !strings.Contains(text, "Iv1.0123456789abcdef") || strings.Contains(text, "s3cr3t") || strings.Contains(text, `\"`) {
		t.Errorf("the file is\n%s", text)
	}
}
