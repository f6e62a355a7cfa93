package console

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// Hide gives cmd a console of its own that has no window; what cmd starts in turn
// shares it. A program of the GUI subsystem has none in any case.
func Hide(cmd *exec.Cmd) { addFlags(cmd, windows.CREATE_NO_WINDOW) }

// Detach is Hide, and takes our Ctrl+C from cmd too: it outlives us and our
// terminal.
func Detach(cmd *exec.Cmd) {
	addFlags(cmd, windows.CREATE_NO_WINDOW|windows.CREATE_NEW_PROCESS_GROUP)
}

func addFlags(cmd *exec.Cmd, flags uint32) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.CreationFlags |= flags
}
