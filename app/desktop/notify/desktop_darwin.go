package notify

import (
	"os"
	"os/exec"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/browser"
)

func newDesk(o Options, to reporter) desk {
	to.setHealth(api.NotificationActions, "")
	return &dialogs{to: to, language: o.Language, osascript: osascript, failsIn: 3 * time.Second, open: map[string]*openDialog{}}
}

func osascript() *exec.Cmd {
	cmd := exec.Command("/usr/bin/osascript", "-l", "JavaScript", "-")
	cmd.Env = browser.Environ(os.Environ())
	return cmd
}
