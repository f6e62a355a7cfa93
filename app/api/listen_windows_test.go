package api

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"github.com/authtray/authtray/tokens/client"
)

func TestListenRefusesANameThatAnotherProgramHas(t *testing.T) {
	for name, squat := range map[string]func(address string) (io.Closer, error){
		"for any number of callers": func(address string) (io.Closer, error) { return winio.ListenPipe(address, nil) },
		"for one caller":            pipeForOne,
	} {
		t.Run(name, func(t *testing.T) {
			address := tempAddress(t)
			other, err := squat(address)
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			l, err := Listen(address, slog.New(slog.DiscardHandler))
			if err == nil {
				l.Close()
				t.Fatal("listens at a pipe of another program's")
			}
			if !strings.Contains(err.Error(), "another program") || !strings.Contains(err.Error(), address) {
				t.Errorf("it says: %v", err)
			}
		})
	}
}

// pipeForOne makes the only instance that a pipe may have.
func pipeForOne(address string) (io.Closer, error) {
	name, err := windows.UTF16PtrFromString(address)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateNamedPipe(name, windows.PIPE_ACCESS_DUPLEX|windows.FILE_FLAG_FIRST_PIPE_INSTANCE, windows.PIPE_TYPE_BYTE, 1, 512, 512, 0, nil)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), address), nil
}

func TestAnAnswerDoesNotWaitForACallerThatStillWrites(t *testing.T) {
	address := tempAddress(t)
	l, err := Listen(address, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	written := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			defer c.Close()
			_, err = c.Write(make([]byte, 4<<10))
		}
		written <- err
	}()
	caller, err := client.Dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer caller.Close() // it has read nothing
	select {
	case err := <-written:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(hangTime):
		t.Error("the answer waits")
	}
}
