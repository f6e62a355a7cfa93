package api

import (
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
