package cli

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/tokens/store"
)

// firstChecks are those of a desktop's parts that an agent does well to have. Without
// one of them it works, and a person finds out only when it is too late to tell.
var firstChecks = []string{"keychain", "tray", "notifications"}

// firstStart is for a person who starts the profile's first agent at a terminal. It
// says in one place what this desktop lacks and how that is fixed; where it lacks
// nothing, the window is opened once the agent answers, to add a connection.
func (s *shell) firstStart(ctx context.Context, noTray bool, kind store.Kind) {
	if !isTerminal(s.err) || !isFirst(s.paths) {
		return
	}
	wanted := func(c api.Check) bool {
		return slices.Contains(firstChecks, c.ID) && !(noTray && c.ID == "tray") && !(kind != store.KindKeychain && c.ID == "keychain")
	}
	lacks := false
	for _, c := range s.examineHere(ctx, api.Check{OK: true}) {
		if c.OK || !wanted(c) {
			continue
		}
		if !lacks {
			s.say("This is the first start. Authtray works better with what is missing here:")
		}
		lacks = true
		s.say("  %-13s  %s", c.ID, oneLine(c.Detail))
		if c.Hint != "" {
			s.say("                 → %s", oneLine(c.Hint))
		}
	}
	if lacks {
		s.say("authtray doctor says what is missing at any time.")
	} else if !noTray {
		go s.showWindowOnce(ctx)
	}
}

// isFirst reports whether no agent has held this profile's lock yet.
func isFirst(p config.Paths) bool {
	_, err := os.Lstat(p.Lock())
	return errors.Is(err, fs.ErrNotExist)
}

// showWindowOnce waits for the agent of this process. That there is no window is no
// trouble.
func (s *shell) showWindowOnce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for ctx.Err() == nil {
		if _, running, _ := s.running(ctx); running {
			_ = s.agent().Do(ctx, http.MethodPost, "/v1/window", nil, nil)
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}
