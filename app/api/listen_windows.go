package api

import (
	"errors"
	"fmt"
	"net"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// pipeBuffer is how much an end of the pipe takes that the other has not read yet.
// Without a buffer a writer waits for its reader: an answer to a request that is still
// being written would wait for its caller, and the caller for the agent.
const pipeBuffer = 64 << 10

// bind makes the pipe, for this user and the system only. go-winio refuses a
// name that is taken and clients on other machines.
func bind(address string) (net.Listener, error) {
	user, err := sid(windows.GetCurrentProcessToken())
	if err != nil {
		return nil, err
	}
	l, err := winio.ListenPipe(address, &winio.PipeConfig{
		SecurityDescriptor: fmt.Sprintf("O:%sD:P(A;;GA;;;%s)(A;;GA;;;SY)", user, user),
		InputBufferSize:    pipeBuffer, OutputBufferSize: pipeBuffer,
	})
	// ERROR_PIPE_BUSY: the other program's pipe is for so many callers and no more.
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_ALREADY_EXISTS) || errors.Is(err, windows.ERROR_PIPE_BUSY) {
		return nil, fmt.Errorf("another program listens at %s already, and the agent shares it with nobody: end that program, or set AUTHTRAY_SOCKET to another pipe: %w", address, err)
	}
	return l, err
}
