//go:build unix

package cli

import "syscall"

// ownSession takes a child out of the terminal's session: closing that ends it
// not.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
