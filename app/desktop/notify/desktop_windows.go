package notify

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	toast "git.sr.ht/~jackmordaunt/go-toast"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/assets"
)

// toasts shows Windows toasts through go-toast v1, the module that beeep uses:
// with two versions of it, whichever registers first gets the clicks of both.
// The button opens a page of ours (protocol activation), which works from the
// Action Center too, for as long as the agent runs. go-toast cannot replace or
// remove a toast; one that was withdrawn leads to a page that says so.
type toasts struct {
	noQuestions
	to   reporter
	icon string // a file that stays: Windows remembers its path
	page page
}

func newDesk(o Options, to reporter) desk {
	to.setHealth(api.NotificationActions, "")
	d := &toasts{to: to, icon: o.IconFile}
	if err := keepIcon(o.IconFile); err != nil {
		o.Log.Info("the icon of notifications could not be kept", "err", err)
		d.icon = ""
	}
	return d
}

func keepIcon(path string) error {
	if path == "" {
		return errors.New("no place was given for it")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, assets.AppIcon, 0o600)
}

// show puts nothing of a provider's into the toast; toastSafe says why.
func (d *toasts) show(name string, mark uint64, m message) error {
	m = m.forToast()
	if m.together { // the page's button is for one sign-in
		return d.banner(m.withoutButton())
	}
	url, err := d.page.offer(name, m.title, func() { d.to.post(event{kind: pressed, name: name, mark: mark}) })
	if err != nil {
		return d.banner(m.withoutButton())
	}
	n := toast.Notification{
		AppID: appName, Title: m.title, Body: m.body, Icon: d.icon,
		ActivationType: toast.Protocol, ActivationArguments: url,
		Actions:  []toast.Action{{Type: toast.Protocol, Content: m.button, Arguments: url}},
		Duration: toast.Long, Audio: toast.Silent,
	}
	if err := bounded(n.Push); err != nil {
		return d.banner(m.withoutButton())
	}
	return nil
}

func (d *toasts) withdraw(name string) { d.page.withdraw(name) }

func (d *toasts) banner(m message) error {
	m.title, m.body = toastSafe(m.title), toastSafe(m.body)
	return beep(m, d.icon)
}

func (d *toasts) settle(string) {}
func (d *toasts) close()        {}
