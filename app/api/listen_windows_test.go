package api

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/Microsoft/go-winio"

	"github.com/authtray/authtray/tokens/client"
)

func TestListenRefusesANameThatAnotherProgramHas(t *testing.T) {
	address := tempAddress(t)
	other, err := winio.ListenPipe(address, nil)
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
