package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"github.com/authtray/authtray/tokens/client/address"
)

// How the pipe is opened: overlapped, so that deadlines work, and letting the
// server know who we are but not act for us.
const (
	securityPresent        = 0x00100000 // SECURITY_SQOS_PRESENT
	securityIdentification = 0x00010000 // SECURITY_IDENTIFICATION
	errorPipeBusy          = syscall.Errno(231)
)

// Dial connects to the agent at an address, the name of its pipe, and sees that it
// runs as this user. Safe for concurrent use.
func Dial(ctx context.Context, name string) (net.Conn, error) {
	handle, err := openPipe(ctx, name)
	if err != nil {
		return nil, err
	}
	mine, err := mySID()
	if err == nil {
		err = checkServer(handle, name, mine)
	}
	if err != nil {
		syscall.CloseHandle(handle)
		return nil, err
	}
	return pipeConn{os.NewFile(uintptr(handle), name)}, nil
}

// isOf: there is no mark beside a pipe.
func isOf(fs.FileInfo, int) bool { return true }

// openPipe waits while every instance of the pipe is taken: the server makes the
// next one as soon as it has taken up the last caller.
func openPipe(ctx context.Context, name string) (syscall.Handle, error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return 0, fmt.Errorf("cannot use the pipe's name: %w", err)
	}
	for {
		h, err := syscall.CreateFile(path, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_EXISTING,
			syscall.FILE_FLAG_OVERLAPPED|securityPresent|securityIdentification, 0)
		switch {
		case err == nil:
			return h, nil
		case errors.Is(err, syscall.ERROR_FILE_NOT_FOUND):
			return 0, fmt.Errorf("%w at %s", ErrNoAgent, name)
		case !errors.Is(err, errorPipeBusy):
			return 0, fmt.Errorf("cannot reach the agent: %w", err)
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("cannot reach the agent: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

var getServerPID = syscall.NewLazyDLL("kernel32.dll").NewProc("GetNamedPipeServerProcessId")

// checkServer guards against a pipe that another user made first: its server runs as
// the user of that SID.
func checkServer(pipe syscall.Handle, name, user string) error {
	server, err := serverSID(pipe)
	if err != nil {
		return fmt.Errorf("cannot tell whose process serves %s: %w", name, err)
	}
	if server != user {
		return fmt.Errorf("%w: %s", ErrForeign, name)
	}
	return nil
}

func mySID() (string, error) {
	token, err := syscall.OpenCurrentProcessToken()
	if err != nil {
		return "", fmt.Errorf("cannot tell who you are: %w", err)
	}
	defer token.Close()
	sid, err := address.UserSID(token)
	if err != nil {
		return "", fmt.Errorf("cannot tell who you are: %w", err)
	}
	return sid, nil
}

func serverSID(pipe syscall.Handle) (string, error) {
	var pid uint32
	if ok, _, err := getServerPID.Call(uintptr(pipe), uintptr(unsafe.Pointer(&pid))); ok == 0 {
		return "", err
	}
	const queryLimited = 0x1000 // PROCESS_QUERY_LIMITED_INFORMATION
	process, err := syscall.OpenProcess(queryLimited, false, pid)
	if err != nil {
		return "", err
	}
	defer syscall.CloseHandle(process)
	var token syscall.Token
	if err := syscall.OpenProcessToken(process, syscall.TOKEN_QUERY, &token); err != nil {
		return "", err
	}
	defer token.Close()
	return address.UserSID(token)
}

// pipeConn is a pipe as net.Conn; os.File has all but the addresses.
type pipeConn struct{ *os.File }

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

func (c pipeConn) LocalAddr() net.Addr  { return pipeAddr(c.Name()) }
func (c pipeConn) RemoteAddr() net.Addr { return pipeAddr(c.Name()) }
