package story

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/authtray/authtray"

// withoutC runs the go command for a system, without cgo.
func withoutC(t *testing.T, system string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("GOOS=%s go %s: %v\n%s", system, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestTheProgramBuildsWithoutCForLinuxAndWindows(t *testing.T) {
	for _, system := range []string{"linux", "windows"} {
		withoutC(t, system, "build", "-o", filepath.Join(t.TempDir(), "authtray"), module)
	}
}

func TestTheProgramWithoutCHasNoWindowToolkitInIt(t *testing.T) {
	for _, system := range []string{"linux", "windows"} {
		for dep := range strings.FieldsSeq(withoutC(t, system, "list", "-deps", module)) {
			switch {
			case strings.HasPrefix(dep, "fyne.io/fyne/v2"), strings.HasPrefix(dep, "github.com/go-gl/"):
				t.Errorf("on %s, %s is in it", system, dep)
			case strings.HasPrefix(dep, module+"/providers/practice"), strings.HasPrefix(dep, "github.com/zitadel/"):
				t.Errorf("on %s, the practice provider is in it: %s", system, dep)
			}
		}
	}
}

// TestTheFoldersPointOneWay: app → tokens → providers.
func TestTheFoldersPointOneWay(t *testing.T) {
	const imports = `{{.ImportPath}}:{{range .Imports}} {{.}}{{end}}`
	for line := range strings.Lines(withoutC(t, "linux", "list", "-f", imports, module+"/...")) {
		pkg, list, _ := strings.Cut(strings.TrimSpace(line), ":")
		for dep := range strings.FieldsSeq(list) {
			if above(pkg) > 0 && above(dep) > above(pkg) {
				t.Errorf("%s imports %s", pkg, dep)
			}
		}
	}
}

// above is how high a package stands: what it imports of ours is no higher. 0
// is what stands beside the folders, such as assets.
func above(pkg string) int {
	for height, folder := range []string{"/providers", "/tokens", "/app"} {
		if pkg == module+folder || strings.HasPrefix(pkg, module+folder+"/") {
			return height + 1
		}
	}
	return 0
}
