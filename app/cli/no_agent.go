package cli

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/client/address"
)

// noAgent is the sentence where no agent answers, and the command to run: it names the
// profiles whose agents run, since a terminal is easily opened without the
// AUTHTRAY_PROFILE of another.
func noAgent() (sentence, hint string) {
	switch others := otherProfiles(); {
	case len(others) == 0:
		return "no agent is running", "authtray run"
	case others[0] == "":
		return "no agent is running for the profile " + os.Getenv("AUTHTRAY_PROFILE") + ", only one without a profile", "unset AUTHTRAY_PROFILE"
	default:
		return "no agent is running here, only one of the profile " + others[0], "export AUTHTRAY_PROFILE=" + others[0]
	}
}

// otherProfiles are the user's profiles whose agents run, "" being the ordinary one, where
// their sockets lie beside each other, as on Linux, and AUTHTRAY_SOCKET names none.
func otherProfiles() (all []string) {
	at, err := address.Agent()
	if err != nil || runtime.GOOS != "linux" || os.Getenv("AUTHTRAY_SOCKET") != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	ours := filepath.Dir(at)
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(ours), "authtray*", filepath.Base(at)))
	for _, socket := range found {
		dir := filepath.Dir(socket)
		_, profile, _ := strings.Cut(filepath.Base(dir), "-")
		if world, err := address.World(profile); dir == ours || err != nil || world != filepath.Base(dir) {
			continue
		}
		if conn, err := client.Dial(ctx, socket); err == nil {
			conn.Close()
			all = append(all, profile)
		}
	}
	slices.Sort(all)
	return all
}
