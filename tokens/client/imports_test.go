package client_test

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// TestToolsTakeOnNothingButOAuth2: a tool that imports this package gets the
// standard library and x/oauth2 with it.
func TestToolsTakeOnNothingButOAuth2(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("asks the go command, and the answer is the same everywhere")
	}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		if !strings.HasPrefix(dep, "github.com/authtray/authtray/tokens/client") && !strings.HasPrefix(dep, "golang.org/x/oauth2") &&
			dep != "github.com/authtray/authtray/providers/name" { // a rule, which imports nothing
			t.Errorf("imports %s", dep)
		}
	}
}
