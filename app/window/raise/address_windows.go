package raise

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// Address is where the window of the agent at agentPipe listens.
func Address(agentPipe string) string { return agentPipe + "-window" }

func dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := winio.DialPipeAccessImpLevel(ctx, address, windows.GENERIC_READ|windows.GENERIC_WRITE, winio.PipeImpLevelIdentification)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errAbsent
	}
	return conn, err
}

// listen makes the pipe, which only one process can: a pipe's name is the lock.
func listen(address string) (net.Listener, func(), error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, nil, fmt.Errorf("ask who runs the window: %w", err)
	}
	sid := user.User.Sid.String()
	l, err := winio.ListenPipe(address, &winio.PipeConfig{SecurityDescriptor: "D:P(A;;GA;;;" + sid + ")(A;;GA;;;SY)"})
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		return nil, nil, ErrOpen
	}
	if err != nil {
		return nil, nil, fmt.Errorf("listen for other windows: %w", err)
	}
	return l, func() {}, nil
}
