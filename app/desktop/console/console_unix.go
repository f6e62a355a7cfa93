//go:build unix

package console

import (
	"os/exec"
	"syscall"
)

// Hide does nothing: a program has a window where it opens one.
func Hide(*exec.Cmd) {}

// Detach starts cmd in a session of its own: closing our terminal does not end it.
func Detach(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid = true
}
