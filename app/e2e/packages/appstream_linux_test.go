package packages

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// The menu entry and the AppStream component are what their own tools call valid,
// and the component leads to the entry.
func TestMenuEntryAndComponentAreValid(t *testing.T) {
	bustest.Need(t, "appstreamcli", "desktop-file-validate")
	const entry, component = "../../../assets/authtray.desktop", "../../../assets/packaging/io.github.authtray.Authtray.metainfo.xml"
	for _, c := range []struct{ name, program, file string }{
		{"desktop-file-validate", "desktop-file-validate --warn-kde", entry},
		{"appstreamcli", "appstreamcli validate --no-net", component},
	} {
		t.Run(c.name, func(t *testing.T) {
			words := append(strings.Fields(c.program), c.file)
			out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
			// Information is no fault: older tools do not know newer tags.
			if err != nil || strings.Contains(string(out), "W: ") || strings.Contains(string(out), "hint: ") {
				t.Errorf("%s: %v\n%s", c.program, err, out)
			}
		})
	}
	text, err := os.ReadFile(component)
	if err != nil {
		t.Fatal(err)
	}
	var leads struct {
		ID         string `xml:"id"`
		Launchable string `xml:"launchable"`
	}
	if err := xml.Unmarshal(text, &leads); err != nil {
		t.Fatal(err)
	}
	if leads.Launchable != filepath.Base(entry) || leads.ID+".metainfo.xml" != filepath.Base(component) {
		t.Errorf("%+v", leads)
	}
}
