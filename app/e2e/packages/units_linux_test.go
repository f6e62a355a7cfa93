package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// TestExposureOfTheUnitsIsAsTheReadmeSays asks the systemd whose figures the README has.
func TestExposureOfTheUnitsIsAsTheReadmeSays(t *testing.T) {
	bustest.Need(t, "systemd-analyze")
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	says := regexp.MustCompile(`of systemd (\d+) rates its exposure (\d+\.\d) of 10, and that of the desktop's unit (\d+\.\d)`).FindStringSubmatch(string(readme))
	if says == nil {
		t.Fatal("the README has no figures")
	}
	version, err := exec.Command("systemd-analyze", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if fields := strings.Fields(string(version)); fields[1] != says[1] {
		bustest.Lacks(t, "systemd "+says[1])
	}
	for unit, want := range map[string]string{"authtray-headless.service": says[2], "authtray.service": says[3]} {
		text, err := os.ReadFile("../../../assets/packaging/" + unit)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), unit)
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "@BIN@", "/usr/bin")), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", file).CombinedOutput()
		if !strings.Contains(string(out), "exposure level for "+unit+": "+want+" ") {
			t.Errorf("the README says %s of %s, and systemd (%v): %s", want, unit, err, out)
		}
	}
}
