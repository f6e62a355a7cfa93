package api

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/Microsoft/go-winio"
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
