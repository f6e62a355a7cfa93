package api

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// bind makes the pipe, for this user and the system only. go-winio refuses a
// name that is taken and clients on other machines.
func bind(address string) (net.Listener, error) {
	user, err := sid(windows.GetCurrentProcessToken())
	if err != nil {
		return nil, err
	}
	return winio.ListenPipe(address, &winio.PipeConfig{
		SecurityDescriptor: fmt.Sprintf("O:%sD:P(A;;GA;;;%s)(A;;GA;;;SY)", user, user),
	})
}

// Dial connects to the agent, and makes sure that it is this user's.
// ErrNotRunning: nothing answers there.
func Dial(ctx context.Context, address string) (net.Conn, error) {
	c, err := winio.DialPipeAccessImpLevel(ctx, address, windows.GENERIC_READ|windows.GENERIC_WRITE, winio.PipeImpLevelIdentification)
	if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) {
		return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
	}
	if err != nil {
		return nil, err
	}
	if err := server(c); err != nil {
		c.Close()
		return nil, fmt.Errorf("%w: %w", ErrOtherUser, err)
	}
	return c, nil
}
