// Package bustest gives tests a session bus of their own.
package bustest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// patience ends a wait for what never comes. It says nothing about how long a
// program may take: on a busy machine all of it may be slow.
const patience = 3 * time.Minute

// Need skips the test where one of the programs is missing. In continuous
// integration (the variable CI is set) a missing program is a failure instead.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			Lacks(t, p)
		}
	}
}

// Lacks skips the test for want of something that can be installed, and fails it in
// continuous integration.
func Lacks(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed, and this test must run here", what)
	}
	t.Skipf("%s is not installed", what)
}

// Start runs a dbus-daemon for the test and returns its address. Nothing is
// activated on it unless services is true, which offers what is installed, or
// names are given, which offers those alone.
// The test's own DBUS_SESSION_BUS_ADDRESS points to it.
func Start(t testing.TB, services bool, names ...string) string {
	t.Helper()
	Need(t, "dbus-daemon")
	dir := folder(t)
	config := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(config, []byte(configuration(dir, services, offer(t, dir, names))), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("dbus-daemon", "--config-file="+config, "--nofork", "--print-address=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	Run(t, cmd)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("dbus-daemon gave no address: %v", err)
	}
	address := strings.TrimSpace(line)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	t.Cleanup(closeShared)
	return address
}

// closeShared closes godbus' process-wide connection, which libraries use: the
// next test has another bus.
func closeShared() {
	if shared, err := dbus.SessionBus(); err == nil {
		shared.Close()
	}
}

// folder is a throw-away one whose name is short, unlike t.TempDir's: a socket's
// name has its limit.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "t")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// offer makes a folder of services below dir.
func offer(t testing.TB, dir string, names []string) (config string) {
	t.Helper()
	folder := filepath.Join(dir, "services")
	for _, name := range names {
		text, err := os.ReadFile("/usr/share/dbus-1/services/" + name + ".service")
		if err == nil {
			err = errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, name+".service"), text, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		config = "<servicedir>" + folder + "</servicedir>"
	}
	return config
}

func configuration(dir string, services bool, offered string) string {
	if services {
		offered = "<standard_session_servicedirs/>"
	}
	return fmt.Sprintf(`<busconfig><type>session</type><listen>unix:path=%s</listen>%s
		<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
		</busconfig>`, filepath.Join(dir, "bus"), offered)
}

// Run starts a program and ends it with the test.
func Run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", cmd.Path, err)
	}
	t.Cleanup(func() { End(cmd) })
}

// End kills a program that Run or the test started, and waits for it. A second
// call does nothing.
func End(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		cmd.Process.Kill()
		cmd.Wait()
	}
}

// Connect opens a private connection to the bus at address.
func Connect(t testing.TB, address string) *dbus.Conn {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Eventually waits until ok says yes, and fails the test with what, as it is
// then, if it never does.
func Eventually(t testing.TB, what func() string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v: %s", patience, what())
		}
	}
}

// Said is a fixed text for Eventually.
func Said(s string) func() string { return func() string { return s } }
