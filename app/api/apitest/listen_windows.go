package apitest

import (
	"net"

	"github.com/Microsoft/go-winio"
)

// Listen listens at an Address in an agent's place.
func Listen(address string) (net.Listener, error) { return winio.ListenPipe(address, nil) }
