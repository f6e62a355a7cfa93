// Package apitest is for tests that run an agent.
package apitest

import (
	"path/filepath"
	"runtime"
	"strings"
)

// Address is where the agent of a test listens, which has folder to itself. Pipes
// share one name space on Windows, so the name of one is made of the folder's.
func Address(folder string) string {
	if runtime.GOOS == "windows" {
		return `\\.\pipe\authtray-test-` + strings.NewReplacer(`\`, "-", ":", "").Replace(folder)
	}
	return filepath.Join(folder, "run", "agent.sock")
}
