package console

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

func TestAgentProgramIsTheOneWithoutConsoleWhereItIsInstalled(t *testing.T) {
	self := filepath.Join("Program Files", "Authtray", "authtray.exe")
	agent := filepath.Join("Program Files", "Authtray", "authtray-agent.exe")
	for _, row := range []struct {
		name, goos, self string
		files            []string
		want             string
	}{
		{"beside", "windows", self, []string{agent}, agent},
		{"not installed", "windows", self, nil, self},
		{"in another folder", "windows", self, []string{"authtray-agent.exe"}, self},
		{"it asks for itself", "windows", agent, []string{agent}, agent},
		{"the window asks", "windows", filepath.Join("Program Files", "Authtray", "authtray-window.exe"), []string{agent}, agent},
		{"not Windows", "linux", self, []string{agent}, self},
	} {
		t.Run(row.name, func(t *testing.T) {
			isFile := func(path string) bool {
				for _, f := range row.files {
					if f == path {
						return true
					}
				}
				return false
			}
			if got := agentProgram(row.goos, row.self, isFile); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

func TestDetachedChildLeadsItsOwnSession(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("needs Linux and sh")
	}
	// The sixth field of /proc/PID/stat is the session; our program's name has no blanks.
	cmd := exec.Command(sh, "-c", `read -r pid name state parent group session rest </proc/$$/stat; test "$pid" = "$session"`)
	Detach(cmd)
	if err := cmd.Run(); err != nil {
		t.Errorf("the child is in our session: %v", err)
	}
}
