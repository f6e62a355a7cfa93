package client

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/Microsoft/go-winio"
)

func TestDialTalksToNobodyElsesPipe(t *testing.T) {
	name := fmt.Sprintf(`\\.\pipe\authtray-test-dial-%d`, os.Getpid())
	l, err := winio.ListenPipe(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			defer c.Close()
		}
		accepted <- err
	}()
	pipe, err := openPipe(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	conn := pipeConn{os.NewFile(uintptr(pipe), name)}
	defer conn.Close()
	if err := <-accepted; err != nil {
		t.Fatal(err)
	}
	mine, err := mySID()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, user string
		want       error
	}{
		{"ours", mine, nil},
		{"another user's", "S-1-5-18", ErrForeign},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := checkServer(pipe, name, row.user); !errors.Is(err, row.want) {
				t.Errorf("%v, want %v", err, row.want)
			}
		})
	}
}
