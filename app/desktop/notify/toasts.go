package notify

import (
	"encoding/xml"
	"errors"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/text"
)

// toasts shows Windows toasts. The button opens a page of ours (protocol activation),
// which works from the Action Center too, for as long as the agent runs. Where toasts
// cannot be shown, the tray icon's balloon is. A toast that was withdrawn stays where
// it is, and leads to a page that says so. Only Windows uses it; it stands apart from
// that system's file so that it is tested on every system.
type toasts struct {
	noQuestions
	to      reporter
	push    func(xml string) error                       // a toast; errSwitchedOff where the user wants none
	balloon func(title, body string, warning bool) error // at the tray's icon
	icon    string                                       // a file that stays: Windows remembers its path
	page    page
}

// errSwitchedOff: Windows is set not to show our notifications.
var errSwitchedOff = errors.New("notifications are switched off in Windows' settings")

const (
	switchedOffDetail = "Notifications are switched off in Windows' settings (System, Notifications): only the tray's icon and menu say when a connection needs you."
	balloonDetail     = "Windows shows no notifications with buttons here: reconnect from the tray's menu."
	noBalloonDetail   = "Windows shows no notifications here: only the tray's icon and menu say when a connection needs you."
)

func (d *toasts) show(name string, mark uint64, m message) error {
	if m.together { // the page's button is for one sign-in
		return d.banner(m.withoutButton())
	}
	url, err := d.page.offer(name, m.title, func() { d.to.post(event{kind: pressed, name: name, mark: mark}) })
	if err != nil {
		return d.banner(m.withoutButton())
	}
	if err = d.toast(m, url); err == nil {
		d.to.setHealth(api.NotificationActions, "")
		return nil
	}
	d.page.withdraw(name)
	return d.instead(m.withoutButton(), err)
}

func (d *toasts) withdraw(name string) { d.page.withdraw(name) }

// banner is a toast without a button.
func (d *toasts) banner(m message) error {
	err := d.toast(m, "")
	if err == nil {
		return nil
	}
	return d.instead(m, err)
}

// instead shows the balloon in place of a toast, unless there is to be none.
func (d *toasts) instead(m message, why error) error {
	if errors.Is(why, errSwitchedOff) {
		d.to.setHealth(api.NotificationNone, switchedOffDetail)
		return why
	}
	m = m.cleaned()
	if err := bounded(func() error { return d.balloon(m.title, m.body, m.warning) }); err != nil {
		d.to.setHealth(api.NotificationNone, noBalloonDetail)
		return errors.Join(why, err)
	}
	d.to.setHealth(api.NotificationPlain, balloonDetail)
	return nil
}

func (d *toasts) settle(string) {}
func (d *toasts) close()        {}

// toast shows m, with its button where it leads to url.
func (d *toasts) toast(m message, url string) error {
	content, err := toastXML(m.cleaned(), url, d.icon)
	if err != nil {
		return err
	}
	return bounded(func() error { return d.push(content) })
}

func (m message) cleaned() message {
	m.title, m.body = text.Line(m.title, maxTitle), text.Line(m.body, maxBody)
	return m
}

// The content of a toast, by the toast schema of Windows 10.
type (
	toastContent struct {
		XMLName    xml.Name      `xml:"toast"`
		Activation string        `xml:"activationType,attr,omitempty"`
		Launch     string        `xml:"launch,attr,omitempty"`
		Duration   string        `xml:"duration,attr,omitempty"`
		Visual     toastVisual   `xml:"visual"`
		Actions    *toastActions `xml:"actions"`
		Audio      toastAudio    `xml:"audio"`
	}
	toastVisual struct {
		Binding toastBinding `xml:"binding"`
	}
	toastBinding struct {
		Template string      `xml:"template,attr"`
		Image    *toastImage `xml:"image"`
		Text     []string    `xml:"text"`
	}
	toastImage struct {
		Placement string `xml:"placement,attr"`
		Source    string `xml:"src,attr"`
	}
	toastActions struct {
		Action toastAction `xml:"action"`
	}
	toastAction struct {
		Activation string `xml:"activationType,attr"`
		Content    string `xml:"content,attr"`
		Arguments  string `xml:"arguments,attr"`
	}
	toastAudio struct {
		Silent bool `xml:"silent,attr"`
	}
)

// toastXML is a toast's content. A url is opened by a click on it, and by its button.
func toastXML(m message, url, icon string) (string, error) {
	t := toastContent{
		Visual: toastVisual{toastBinding{Template: "ToastGeneric", Text: []string{m.title, m.body}}},
		Audio:  toastAudio{Silent: true},
	}
	if icon != "" {
		t.Visual.Binding.Image = &toastImage{Placement: "appLogoOverride", Source: icon}
	}
	if url != "" {
		t.Activation, t.Launch, t.Duration = "protocol", url, "long"
		t.Actions = &toastActions{toastAction{Activation: "protocol", Content: m.button, Arguments: url}}
	}
	content, err := xml.Marshal(t)
	return string(content), err
}
