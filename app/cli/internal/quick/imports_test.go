package quick

import (
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestNothingIsImportedThatNeedsSettingUp keeps the shortcut short: one more
// import here makes a dozen packages ready to be initialised before it.
func TestNothingIsImportedThatNeedsSettingUp(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("asks the go command, and the answer is the same everywhere")
	}
	cmd := exec.Command("go", "list", "-deps", ".")
	cmd.Env = append(cmd.Environ(), "GOOS=linux", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"cmp", "errors", "iter", "math/bits", "runtime", "slices", "strconv", "sync", "sync/atomic", "syscall",
		"path", "unicode/utf8", "unsafe", "github.com/authtray/authtray/tokens/client/address", "github.com/authtray/authtray/providers/name", "github.com/authtray/authtray/app/stack", "github.com/authtray/authtray/app/version", "github.com/authtray/authtray/app/cli/internal/quick"}
	for dep := range strings.FieldsSeq(string(out)) {
		if !strings.HasPrefix(dep, "internal/") && !slices.Contains(allowed, dep) {
			t.Errorf("imports %s", dep)
		}
	}
}
