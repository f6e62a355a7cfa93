package cli

import (
	"strings"
	"testing"

	"github.com/authtray/authtray/app/agent"
)

func TestDoctorTellsOfAnAgentOfAnotherVersion(t *testing.T) {
	for version, want := range map[string]bool{"0.0.9": true, "test": false} {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, nil, func(o *agent.Options) { o.Version = version })
			_, out, _ := w.command("doctor")
			if got := strings.Contains(out, "The agent that runs is Authtray 0.0.9, and this program is test."); got != want {
				t.Errorf("said: %t, in\n%s", got, out)
			}
		})
	}
}
