//go:build !windows

package sessionbus

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
)

func TestConnectSaysThatThereIsNoBus(t *testing.T) {
	for name, address := range map[string]string{
		"nothing there": "unix:path=" + filepath.Join(t.TempDir(), "bus"),
		"no address":    "autolaunch:",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
			t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
			if conn, err := Connect(t.Context()); !errors.Is(err, ErrNone) {
				t.Errorf("%v, %v", conn, err)
			}
		})
	}
}

// TestConnectEndsWithItsContext: a bus that takes connections and says nothing held
// up the doctor and the tray for good.
func TestConnectEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if conn, err := l.Accept(); err == nil {
			defer conn.Close()
			conn.Read(make([]byte, 1)) // it is being spoken to
			cancel()
			conn.Read(make([]byte, 1000)) // until the other side ends
			conn.Read(make([]byte, 1000))
		}
	}()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+path)
	if conn, err := Connect(ctx); !errors.Is(err, ErrNone) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", conn, err)
	}
}
