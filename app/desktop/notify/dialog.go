package notify

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/assets"
	"github.com/authtray/authtray/providers/text"
)

// dialogs shows a dialog for each death, through osascript: a real button,
// without a bundle or a signature, which notifications with buttons ask for. Only
// macOS uses it; it stands apart from that system's file so that it is tested on
// every system.
type dialogs struct {
	noQuestions
	to        reporter
	language  *lang.Language
	osascript func() *exec.Cmd // runs the script that it reads from stdin
	failsIn   time.Duration    // a dialog that is open for longer can be seen
	open      map[string]*openDialog
}

// openDialog is a dialog whose osascript has been started.
type openDialog struct {
	cmd    *exec.Cmd
	ended  chan struct{} // closed after what became of it
	became kind          // lost: it could not be shown
	why    error
}

const noDialogDetail = "The dialog with the Reconnect button could not be shown: reconnect from the tray's menu. The agent's log says why."

// show counts a dialog as shown when it is still open after failsIn, or was
// answered: osascript ends at once where there is no session to show it in, or
// where it may not. The notifier tries that again later.
func (d *dialogs) show(name string, mark uint64, m message) error {
	script, err := dialogScript(m, d.language.Tr("Later"))
	if err != nil {
		return err
	}
	d.withdraw(name)
	o, err := d.start(script)
	if err == nil {
		d.open[name] = o
		timer := time.NewTimer(d.failsIn)
		defer timer.Stop()
		select {
		case <-o.ended:
			err = o.why
		case <-timer.C:
		}
	}
	if err != nil {
		d.to.setHealth(api.NotificationPlain, noDialogDetail)
		return err
	}
	d.to.setHealth(api.NotificationActions, "")
	go func() {
		<-o.ended
		d.to.post(event{kind: o.became, name: name, mark: mark})
	}()
	return nil
}

func (d *dialogs) start(script string) (*openDialog, error) {
	cmd := d.osascript()
	cmd.Stdin = strings.NewReader(script)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	o := &openDialog{cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(o.ended)
		o.became, o.why = dialogOutcome(cmd.Wait(), out.String(), said.String())
	}()
	return o, nil
}

func (d *dialogs) withdraw(name string) {
	if o := d.open[name]; o != nil {
		o.cmd.Process.Kill() // ended already is as good
		delete(d.open, name)
	}
}

func (d *dialogs) banner(m message) error {
	m.title, m.body = text.Line(m.title, maxTitle), text.Line(m.body, maxBody)
	return beep(m, assets.AppIcon)
}

func (d *dialogs) settle(string) {}
func (d *dialogs) close()        {}

// What the dialog's script prints.
const (
	dialogReconnect = "reconnect" // its button was pressed
	dialogLater     = "later"
)

// dialogOutcome is what osascript's end says about the dialog. Only what the
// script printed is an answer of the user's; a dialog that somebody killed, or that
// failed, was not answered.
func dialogOutcome(ended error, printed, said string) (kind, error) {
	answer := strings.TrimSpace(printed)
	switch {
	case ended == nil && answer == dialogReconnect:
		return pressed, nil
	case ended == nil && answer == dialogLater:
		return dismissed, nil
	case ended == nil:
		ended = errors.New("no answer")
	}
	return lost, fmt.Errorf("osascript: %w: %s", ended, text.Line(said, 200))
}

// dialogScript is JavaScript for osascript that shows a dialog with a Reconnect
// button. The text is data: JSON, which JavaScript reads as a literal, with
// everything escaped that could end a line or a script. Return means "later",
// because a dialog may come up while its user types. Later is the cancel button,
// which is error -128 to a script; any other error means that there was no dialog.
func dialogScript(m message, later string) (string, error) {
	text, err := json.Marshal(map[string]string{"title": text.Line(m.title, maxTitle), "body": text.Line(m.body, maxBody), "button": cmp.Or(m.button, "OK"), "later": later})
	if err != nil {
		return "", fmt.Errorf("the dialog's text: %w", err)
	}
	return fmt.Sprintf(`const text = %s;
const app = Application.currentApplication();
app.includeStandardAdditions = true;
let answer = "%s";
try {
	const got = app.displayDialog(text.body, {
		withTitle: text.title, withIcon: "caution",
		buttons: [text.later, text.button], defaultButton: text.later, cancelButton: text.later,
	});
	if (got.buttonReturned === text.button) answer = "%s";
} catch (e) {
	if (e.errorNumber !== -128) throw e;
}
answer;
`, text, dialogLater, dialogReconnect), nil
}
