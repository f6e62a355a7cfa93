package cli

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// ownSession gives a child neither our console nor our Ctrl+C.
func ownSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}
