package tray

import (
	"reflect"
	"time"
)

// view is everything of the tray that can be seen.
type view struct {
	menu    Menu
	shape   Shape
	tooltip string
}

// view is what is to be seen at now.
func (t *Tray) view(now time.Time) view {
	t.mu.Lock()
	defer t.mu.Unlock()
	return view{
		menu: Build(t.statuses, Surroundings{
			Now: now, CanCopy: t.opts.CanCopy, Autostart: t.autostart}),
		shape:   ShapeOf(t.statuses),
		tooltip: Tooltip(t.statuses, t.opts.Profile, now),
	}
}

func (v view) equal(o view) bool { return reflect.DeepEqual(v, o) }

// sameOutline says that two menus differ in words only: as many entries, of the
// same kinds. Such a menu is changed in place, which keeps it open under the
// user's pointer.
func sameOutline(a, b Menu) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Separator != b[i].Separator || a[i].Check != b[i].Check || !sameOutline(a[i].Items, b[i].Items) {
			return false
		}
	}
	return true
}
