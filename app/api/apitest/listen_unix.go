//go:build !windows

package apitest

import (
	"net"
	"os"
	"path/filepath"
)

// Listen listens at an Address in an agent's place.
func Listen(address string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(address), 0o700); err != nil {
		return nil, err
	}
	return net.Listen("unix", address)
}
