// Package console starts programs of ours without a console window on Windows, and
// so that closing a terminal does not end them. There a console program that is
// started by one without a console gets a black window of its own.
package console

import (
	"os"
	"path/filepath"
	"runtime"
)

// AgentProgram is what runs the agent for self, one of our programs: on Windows
// authtray-agent.exe beside it, which is the same as authtray.exe but for the
// subsystem that it is linked for: the session starts it without a console. Where
// that is not installed, and elsewhere, it is self.
func AgentProgram(self string) string {
	return agentProgram(runtime.GOOS, self, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular()
	})
}

func agentProgram(goos, self string, isFile func(path string) bool) string {
	if beside := filepath.Join(filepath.Dir(self), "authtray-agent.exe"); goos == "windows" && isFile(beside) {
		return beside
	}
	return self
}
