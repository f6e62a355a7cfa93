package cli

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoAgentNamesTheProfilesWhoseAgentsRun(t *testing.T) {
	for _, row := range []struct{ name, profile, other, want string }{
		{"none runs", "", "", "authtray: no agent is running; run: authtray run\n"},
		{"one of a profile", "", "authtray-practice", "authtray: no agent is running here, only one of the profile practice; run: export AUTHTRAY_PROFILE=practice\n"},
		{"the ordinary one", "practice", "authtray", "authtray: no agent is running for the profile practice, only one without a profile; run: unset AUTHTRAY_PROFILE\n"},
		{"something else's", "", "authtray.d", "authtray: no agent is running; run: authtray run\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "at") // a socket's path may not be long
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			for name, value := range map[string]string{"XDG_RUNTIME_DIR": dir, "HOME": dir, "AUTHTRAY_PROFILE": row.profile, "AUTHTRAY_SOCKET": "", "AUTHTRAY_STATE": "", "AUTHTRAY_CONFIG": ""} {
				t.Setenv(name, value)
			}
			if row.other != "" {
				if err := os.Mkdir(filepath.Join(dir, row.other), 0o700); err != nil {
					t.Fatal(err)
				}
				listens, err := net.Listen("unix", filepath.Join(dir, row.other, "agent.sock"))
				if err != nil {
					t.Fatal(err)
				}
				defer listens.Close()
			}
			var said strings.Builder
			s := &shell{in: strings.NewReader(""), out: &said, err: &said}
			if exit := s.main(t.Context(), []string{"token", "work"}); exit != exitNoAgent || said.String() != row.want {
				t.Errorf("exit %d: %s", exit, said.String())
			}
		})
	}
}
