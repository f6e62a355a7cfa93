package notify

import (
	"bytes"
	"os"
	"os/exec"
	"strings"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/browser"
	"github.com/authtray/authtray/assets"
	"github.com/authtray/authtray/providers/text"
)

// dialogs shows a dialog for each death, through osascript: a real button,
// without a bundle or a signature, which notifications with buttons ask for.
type dialogs struct {
	noQuestions
	to   reporter
	open map[string]*exec.Cmd
}

func newDesk(_ Options, to reporter) desk {
	to.setHealth(api.NotificationActions, "")
	return &dialogs{to: to, open: map[string]*exec.Cmd{}}
}

func (d *dialogs) show(name string, mark uint64, m message) error {
	script, err := dialogScript(m)
	if err != nil {
		return err
	}
	d.withdraw(name)
	cmd := exec.Command("/usr/bin/osascript", "-l", "JavaScript", "-")
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = browser.Environ(os.Environ())
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		return d.banner(m.withoutButton())
	}
	d.open[name] = cmd
	go func() {
		what := dismissed
		if err := cmd.Wait(); err == nil && strings.TrimSpace(out.String()) == dialogAnswer {
			what = pressed
		}
		d.to.post(event{kind: what, name: name, mark: mark})
	}()
	return nil
}

func (d *dialogs) withdraw(name string) {
	if cmd := d.open[name]; cmd != nil {
		cmd.Process.Kill() // ended already is as good
		delete(d.open, name)
	}
}

func (d *dialogs) banner(m message) error {
	m.title, m.body = text.Line(m.title, maxTitle), text.Line(m.body, maxBody)
	return beep(m, assets.AppIcon)
}

func (d *dialogs) settle(string) {}
func (d *dialogs) close()        {}
