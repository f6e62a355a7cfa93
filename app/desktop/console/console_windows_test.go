package console

import (
	"os/exec"
	"testing"

	"golang.org/x/sys/windows"
)

func TestStartedProgramsHaveNoConsoleWindow(t *testing.T) {
	hidden, detached := exec.Command("x"), exec.Command("x")
	Hide(hidden)
	Detach(detached)
	for name, row := range map[string]struct{ got, want uint32 }{
		"Hide":   {hidden.SysProcAttr.CreationFlags, windows.CREATE_NO_WINDOW},
		"Detach": {detached.SysProcAttr.CreationFlags, windows.CREATE_NO_WINDOW | windows.CREATE_NEW_PROCESS_GROUP},
	} {
		t.Run(name, func(t *testing.T) {
			if row.got != row.want {
				t.Errorf("creation flags %#x, want %#x", row.got, row.want)
			}
		})
	}
}
