package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestProgramWithoutCgoHasNoWindowInIt: the agent is to be small, and a machine
// without a C compiler can build it.
func TestProgramWithoutCgoHasNoWindowInIt(t *testing.T) {
	for _, system := range []string{"linux", "windows"} {
		deps := exec.Command("go", "list", "-deps", ".")
		deps.Env = append(deps.Environ(), "CGO_ENABLED=0", "GOOS="+system)
		out, err := deps.Output()
		if err != nil {
			t.Fatalf("%s: %v", system, err)
		}
		for dep := range strings.FieldsSeq(string(out)) {
			if strings.HasPrefix(dep, "fyne.io/fyne/v2") || strings.HasPrefix(dep, "github.com/zitadel/") {
				t.Errorf("%s: the program imports %s", system, dep)
			}
		}
		build := exec.Command("go", "build", "-o", t.TempDir(), ".")
		build.Env = deps.Env
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", system, err, out)
		}
	}
}
