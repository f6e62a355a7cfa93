//go:build !linux && !darwin && !windows

package notify

import (
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/assets"
	"github.com/authtray/authtray/providers/text"
)

// banners is beeep alone.
type banners struct{ noQuestions }

func newDesk(_ Options, to reporter) desk {
	to.setHealth(api.NotificationPlain, "Notifications have no buttons on this system: reconnect from the tray's menu.")
	return banners{}
}

func (d banners) show(_ string, _ uint64, m message) error { return d.banner(m.withoutButton()) }
func (banners) withdraw(string)                            {}
func (banners) settle(string)                              {}
func (banners) close()                                     {}

func (banners) banner(m message) error {
	return beep(message{title: unmarked(text.Line(m.title, maxTitle)), body: unmarked(text.Line(m.body, maxBody))}, assets.AppIcon)
}
