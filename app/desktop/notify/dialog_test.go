package notify

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
)

func TestOnlyWhatTheDialogPrintedIsAnAnswer(t *testing.T) {
	failed := errors.New("exit status 1")
	for _, row := range []struct {
		name    string
		ended   error
		printed string
		want    kind
	}{
		{"Reconnect", nil, "reconnect\n", pressed},
		{"Later", nil, "later\n", dismissed},
		{"failed", failed, "", lost},
		{"failed after an answer", failed, "reconnect\n", lost},
		{"printed nothing", nil, "", lost},
		{"printed something else", nil, "undefined\n", lost},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := dialogOutcome(row.ended, row.printed, "execution error (-1713)")
			if got != row.want || (err != nil) != (row.want == lost) {
				t.Errorf("%v, %v; want %v", got, err, row.want)
			}
			if err != nil && !strings.Contains(err.Error(), "-1713") {
				t.Errorf("%v does not say why", err)
			}
		})
	}
}

// heard is a reporter that keeps what it is told.
type heard struct {
	events chan event
	health api.NotificationState
}

func (h *heard) post(e event)                                    { h.events <- e }
func (h *heard) setHealth(state api.NotificationState, _ string) { h.health = state }

func TestDialogsShowReportsAsShownWhatCouldBeSeen(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh here")
	}
	for _, row := range []struct {
		name, osascript string
		failsIn         time.Duration
		shown           bool
		health          api.NotificationState
		became          kind // 0: nothing is posted
	}{
		{"fails at once", "echo no session >&2; exit 1", time.Hour, false, api.NotificationPlain, 0},
		{"cannot be started", "", time.Hour, false, api.NotificationPlain, 0},
		{"is answered at once", "echo reconnect", time.Hour, true, api.NotificationActions, pressed},
		{"is put away at once", "echo later", time.Hour, true, api.NotificationActions, dismissed},
		{"fails when it was open for a while", "read x <&3; exit 1", 0, true, api.NotificationActions, lost},
	} {
		t.Run(row.name, func(t *testing.T) {
			open, end, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer open.Close()
			h := &heard{events: make(chan event, 1)}
			d := &dialogs{to: h, failsIn: row.failsIn, open: map[string]*openDialog{}, osascript: func() *exec.Cmd {
				if row.osascript == "" {
					return exec.Command(t.TempDir() + "/none")
				}
				cmd := exec.Command(sh, "-c", "cat >/dev/null; "+row.osascript)
				cmd.ExtraFiles = []*os.File{open} // 3
				return cmd
			}}
			err = d.show("work", 7, message{title: "t", body: "b", button: "Reconnect"})
			if (err == nil) != row.shown || h.health != row.health {
				t.Errorf("%v, notifications %s; shown should be %v, notifications %s", err, h.health, row.shown, row.health)
			}
			end.Close()
			if row.became != 0 {
				if e := <-h.events; e.kind != row.became || e.name != "work" || e.mark != 7 {
					t.Errorf("posted %+v, want kind %v", e, row.became)
				}
			}
			if len(h.events) > 0 {
				t.Errorf("posted %+v, want nothing", <-h.events)
			}
		})
	}
}
