package client

import (
	"net"
	"strings"

	"github.com/Microsoft/go-winio"
)

// ListenIn listens where an agent of a test would, which has a folder to itself: at a
// pipe whose name is made of the folder's.
func ListenIn(folder string) (l net.Listener, address string, err error) {
	address = `\\.\pipe\authtray-test-` + strings.NewReplacer(`\`, "-", ":", "").Replace(folder)
	l, err = winio.ListenPipe(address, &winio.PipeConfig{InputBufferSize: 64 << 10, OutputBufferSize: 64 << 10})
	return l, address, err
}
