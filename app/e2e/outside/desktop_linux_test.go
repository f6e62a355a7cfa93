package outside

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// children puts programs into a folder for PATH that write down how they were
// started, and do nothing more.
func children(t testing.TB, opener, window string, tools ...string) (path, records string) {
	t.Helper()
	path, records = t.TempDir(), t.TempDir()
	for _, name := range append([]string{opener, window}, tools...) {
		script := fmt.Sprintf("#!/bin/sh\ncat /proc/$$/cmdline > %s/%s.$$.cmdline\ncat /proc/$$/environ > %s/%s.$$.environ\n",
			records, name, records, name)
		if err := os.WriteFile(filepath.Join(path, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return path, records
}

// started are the command lines and environments of those children. The window
// and tools are started with the environment that there is; a browser is not.
func started(t *testing.T, records, opener string) (all []place) {
	t.Helper()
	files, err := filepath.Glob(records + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := place{name: "the child " + filepath.Base(file), text: string(text)}
		if !strings.HasPrefix(filepath.Base(file), opener) && strings.HasSuffix(file, ".environ") {
			p.may = []kind{environment}
		}
		if strings.HasPrefix(filepath.Base(file), execTool+".") && strings.HasSuffix(file, ".environ") {
			p.may = []kind{environment, accessToken} // that is what exec is for
		}
		all = append(all, p)
	}
	return all
}

// notices is a notification server that remembers what it was asked to show.
type notices struct {
	mu   sync.Mutex
	said []string
}

func startNotices(t testing.TB, address string) *notices {
	t.Helper()
	const path, name = "/org/freedesktop/Notifications", "org.freedesktop.Notifications"
	n, conn := &notices{}, bustest.Connect(t, address)
	if err := conn.Export(n, path, name); err != nil {
		t.Fatal(err)
	}
	if r, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil || r != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("taking the server's name: %v %v", r, err)
	}
	return n
}

// GetCapabilities is the server's method.
func (n *notices) GetCapabilities() ([]string, *dbus.Error) { return []string{"actions", "body"}, nil }

// Notify is the server's method.
func (n *notices) Notify(_ string, replaces uint32, _, summary, body string, actions []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = append(n.said, summary+"\n"+body+"\n"+strings.Join(actions, "|"))
	return max(replaces, uint32(len(n.said))), nil
}

// CloseNotification is the server's method.
func (n *notices) CloseNotification(uint32) *dbus.Error { return nil }

// withButton are the notifications that offer to reconnect.
func (n *notices) withButton() (count int) {
	for _, said := range n.all() {
		if strings.Contains(said, "reconnect|") {
			count++
		}
	}
	return count
}

func (n *notices) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.said...)
}
