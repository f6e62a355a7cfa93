package notify

import (
	"sync"

	"github.com/gen2brain/beeep"
)

// nameBeeep gives beeep our name, once: it keeps it in a variable of its own.
var nameBeeep = sync.OnceFunc(func() { beeep.AppName = appName })

const appName = "Authtray"

// beep shows a banner through beeep. icon is PNG bytes or a file's path. Only
// Notify is used: Alert writes a bell character to stdout.
func beep(m message, icon any) error {
	nameBeeep()
	return bounded(func() error { return beeep.Notify(m.title, m.body, icon) })
}
