//go:build !windows

package raise

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api/apitest"
)

func address(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "raise") // t.TempDir can be longer than a socket's name may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return Address(apitest.Address(dir))
}

func open(t *testing.T, at string) *Door {
	t.Helper()
	d, err := Listen(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestNobodyToRaiseIsNoError(t *testing.T) {
	raised, err := Raise(context.Background(), address(t), "")
	if raised || err != nil {
		t.Fatalf("Raise = %v, %v; want false, nil", raised, err)
	}
}

func TestOpenWindowIsRaisedAlsoBeforeItListensToKnocks(t *testing.T) {
	at := address(t)
	d := open(t, at)
	for range 3 {
		if raised, err := Raise(context.Background(), at, ""); !raised || err != nil {
			t.Fatalf("Raise = %v, %v; want true, nil", raised, err)
		}
	}
	<-d.Knocks()
}

func TestSecondWindowIsRefusedUntilTheFirstCloses(t *testing.T) {
	at := address(t)
	first := open(t, at)
	if _, err := Listen(at); !errors.Is(err, ErrOpen) {
		t.Fatalf("second Listen: %v; want ErrOpen", err)
	}
	first.Close()
	open(t, at)
}

func TestSocketOfADeadWindowIsTakenOver(t *testing.T) {
	at := address(t)
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		t.Fatal(err)
	}
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: at})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	if raised, err := Raise(context.Background(), at, ""); raised || err != nil {
		t.Fatalf("Raise at a dead socket = %v, %v; want false, nil", raised, err)
	}
	open(t, at)
}

func TestOtherPeopleCannotKnock(t *testing.T) {
	at := address(t)
	open(t, at)
	for path, want := range map[string]os.FileMode{at: 0o600, filepath.Dir(at): 0o700} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o; want %o", filepath.Base(path), got, want)
		}
	}
}

func TestStrangeRequestGetsNoAnswer(t *testing.T) {
	at := address(t)
	d := open(t, at)
	conn, err := net.Dial("unix", at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\n")); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 8)); n != 0 || err == nil {
		t.Fatalf("read %d bytes, %v; want the connection closed", n, err)
	}
	select {
	case <-d.Knocks():
		t.Fatal("a strange request raised the window")
	default:
	}
}

func TestWindowIsToldWhichConnectionIsWanted(t *testing.T) {
	long := strings.Repeat("n", 64)
	for _, c := range []struct {
		name  string
		asked []string
		want  string
	}{
		{"none", []string{""}, ""},
		{"one", []string{"work"}, "work"},
		{"the last of several", []string{"work", "play"}, "play"},
		{"one, and then nothing in particular", []string{"work", ""}, "work"},
		{"the longest", []string{long}, long},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := address(t)
			d := open(t, at)
			for _, name := range c.asked {
				if raised, err := Raise(context.Background(), at, name); !raised || err != nil {
					t.Fatalf("Raise = %v, %v", raised, err)
				}
			}
			if got := <-d.Knocks(); got != c.want {
				t.Errorf("the window hears %q; want %q", got, c.want)
			}
		})
	}
}

func TestWindowIsAskedToCloseAndAwaited(t *testing.T) {
	at := address(t)
	if err := CloseWindow(context.Background(), at); err != nil {
		t.Errorf("no window: %v", err)
	}
	d := open(t, at)
	var closed atomic.Bool
	go func() {
		<-d.Unwanted()
		closed.Store(true)
		d.Close()
	}()
	if err := CloseWindow(context.Background(), at); err != nil || !closed.Load() {
		t.Errorf("CloseWindow = %v; closed %v", err, closed.Load())
	}
	open(t, at)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := CloseWindow(ctx, at); err == nil {
		t.Error("a window that stays is not told of")
	}
}
