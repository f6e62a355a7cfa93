package storetest

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// Bus is a session bus of the test's own: nothing is started on it by itself,
// and the process's DBUS_SESSION_BUS_ADDRESS points to it. One at a time.
type Bus struct {
	t    testing.TB
	dir  string
	life *life
}

// Need skips a test whose programs are not installed; where CI is set, it fails it.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed", program)
		}
		t.Skipf("%s is not installed", program)
	}
}

// StartBus starts a bus, with a throw-away HOME for whatever is started on it.
func StartBus(t testing.TB) *Bus {
	t.Helper()
	Need(t, "dbus-daemon")
	dir, err := os.MkdirTemp("", "bus") // t.TempDir() can be too long for a socket's address
	if err != nil {
		t.Fatal(err)
	}
	b := &Bus{t: t, dir: dir}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", b.Address())
	t.Cleanup(func() { b.Kill(); _ = os.RemoveAll(dir) })
	b.Start()
	return b
}

// Address is what DBUS_SESSION_BUS_ADDRESS holds.
func (b *Bus) Address() string { return "unix:path=" + b.socket() }

// Home is the throw-away HOME.
func (b *Bus) Home() string { return b.dir }

// Env is the environment of programs on this bus: nothing of the user's own.
func (b *Bus) Env() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + b.dir, "XDG_RUNTIME_DIR=" + b.dir,
		"XDG_DATA_HOME=" + b.dir + "/data", "XDG_CONFIG_HOME=" + b.dir + "/config", "XDG_CACHE_HOME=" + b.dir + "/cache",
		"DBUS_SESSION_BUS_ADDRESS=" + b.Address(),
	}
}

func (b *Bus) socket() string { return filepath.Join(b.dir, "bus") }

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth><servicedir>%s</servicedir>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

// Start starts the bus again after Kill, at the same address.
func (b *Bus) Start() {
	b.t.Helper()
	_ = os.Remove(b.socket())
	if err := os.MkdirAll(b.services(), 0o700); err != nil {
		b.t.Fatal(err)
	}
	config := filepath.Join(b.dir, "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, b.Address(), b.services()), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.life = start(b.t, b.Env(), nil, "dbus-daemon", "--config-file="+config, "--nofork", "--nopidfile", "--nosyslog")
	Eventually(b.t, "the bus to answer", func() bool {
		c, err := net.Dial("unix", b.socket())
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// Kill ends the bus, and waits until godbus' shared connection has noticed.
func (b *Bus) Kill() {
	if b.life == nil {
		return
	}
	shared, err := dbus.SessionBus()
	b.life.kill()
	b.life = nil
	if err == nil {
		<-shared.Context().Done()
	}
}

func (b *Bus) services() string { return filepath.Join(b.dir, "services") }

// Offer has the bus start a program when somebody asks for this name.
func (b *Bus) Offer(name string, program ...string) {
	b.t.Helper()
	text := fmt.Sprintf("[D-BUS Service]\nName=%s\nExec=%s\n", name, strings.Join(program, " "))
	if err := os.WriteFile(filepath.Join(b.services(), name+".service"), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	if err := b.Connect().BusObject().Call("org.freedesktop.DBus.ReloadConfig", 0).Err; err != nil {
		b.t.Fatal(err)
	}
}

// Connect is a new connection to the bus, closed when the test ends.
func (b *Bus) Connect() *dbus.Conn {
	b.t.Helper()
	conn, err := dbus.Connect(b.Address())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Eventually waits, with Patience, until happened.
func Eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// life is a program that ends with the test process, however that ends: a
// shell waits for the end of its standard input and then kills it.
type life struct {
	shell *exec.Cmd
	hold  io.WriteCloser
}

const keepAlive = `exec 3<&0; if [ -n "$INPUT" ]; then printf %s "$INPUT" | env -u INPUT "$@" 3<&- & else "$@" </dev/null 3<&- & fi
p=$!; cat <&3 >/dev/null; kill -9 $p; wait $p`

func start(t testing.TB, env, input []string, program ...string) *life {
	t.Helper()
	shell := exec.Command("sh", append([]string{"-c", keepAlive, "sh"}, program...)...)
	shell.Env = append(env[:len(env):len(env)], "INPUT="+strings.Join(input, "\n"))
	hold, err := shell.StdinPipe()
	if err == nil {
		err = shell.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return &life{shell, hold}
}

// kill is SIGKILL, and waits for the end.
func (l *life) kill() {
	_ = l.hold.Close()
	_ = l.shell.Wait()
}
