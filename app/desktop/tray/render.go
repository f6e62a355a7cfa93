//go:build !darwin || cgo

package tray

import (
	"sync"

	"fyne.io/systray"
)

// renderer puts views into systray. Only one goroutine calls draw; the
// goroutines of the entries only read.
type renderer struct {
	perform func(Do)

	drawn view
	once  bool
	slots []*slot
	stop  chan struct{} // ends the goroutines of the present entries

	mu sync.Mutex // guards every slot's do
}

// slot is one entry as systray holds it. Its goroutine lives until the menu is
// built anew; what it does may change meanwhile.
type slot struct {
	item  *systray.MenuItem // nil: a separator
	do    Do
	below []*slot
}

// draw shows v, changing as little as it can.
func (r *renderer) draw(v view) {
	if r.once && v.equal(r.drawn) {
		return
	}
	if !r.once || v.shape != r.drawn.shape {
		setIcon(v.shape)
	}
	if !r.once || v.tooltip != r.drawn.tooltip {
		systray.SetTooltip(v.tooltip)
	}
	if r.once && sameOutline(v.menu, r.drawn.menu) {
		r.update(r.slots, r.drawn.menu, v.menu)
	} else {
		r.rebuild(v.menu)
	}
	r.drawn, r.once = v, true
}

func (r *renderer) rebuild(m Menu) {
	r.forget(r.slots)
	systray.ResetMenu()
	if r.stop != nil {
		close(r.stop)
	}
	r.stop = make(chan struct{})
	r.slots = r.add(m, nil)
}

// forget takes the click channels away from systray before it closes them: a
// click that is being delivered while the menu is rebuilt would otherwise be a
// send on a closed channel, which ends the process (systrayMenuItemSelected
// sends without holding systray's lock).
func (r *renderer) forget(slots []*slot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range slots {
		if s.item != nil {
			s.item.ClickedCh = nil
		}
		for _, b := range s.below {
			if b.item != nil {
				b.item.ClickedCh = nil
			}
		}
	}
}

func (r *renderer) add(m Menu, parent *systray.MenuItem) []*slot {
	slots := make([]*slot, len(m))
	for i, it := range m {
		s := &slot{item: addItem(it, parent), do: it.Do}
		slots[i] = s
		if s.item == nil {
			continue
		}
		if it.Disabled {
			s.item.Disable()
		}
		s.below = r.add(it.Items, s.item)
		if len(it.Items) == 0 {
			go r.listen(s, s.item.ClickedCh, r.stop)
		}
	}
	return slots
}

func addItem(it Item, parent *systray.MenuItem) *systray.MenuItem {
	label := escapeMnemonics(it.Label)
	switch {
	case it.Separator && parent == nil:
		systray.AddSeparator()
		return nil
	case it.Separator:
		parent.AddSeparator()
		return nil
	case parent == nil && it.Check:
		return systray.AddMenuItemCheckbox(label, "", it.Checked)
	case parent == nil:
		return systray.AddMenuItem(label, "")
	case it.Check:
		return parent.AddSubMenuItemCheckbox(label, "", it.Checked)
	}
	return parent.AddSubMenuItem(label, "")
}

func (r *renderer) listen(s *slot, clicked, stop chan struct{}) {
	for {
		select {
		case <-clicked:
			r.mu.Lock()
			do := s.do
			r.mu.Unlock()
			go r.perform(do)
		case <-stop:
			return
		}
	}
}

// update changes the words of a menu whose outline stays.
func (r *renderer) update(slots []*slot, from, to Menu) {
	for i, s := range slots {
		if s.item == nil {
			continue
		}
		r.mu.Lock()
		s.do = to[i].Do
		r.mu.Unlock()
		updateItem(s.item, from[i], to[i])
		r.update(s.below, from[i].Items, to[i].Items)
	}
}

func updateItem(item *systray.MenuItem, from, to Item) {
	if from.Label != to.Label {
		item.SetTitle(escapeMnemonics(to.Label))
	}
	if from.Disabled != to.Disabled {
		setEnabled(item, !to.Disabled)
	}
	if from.Checked != to.Checked {
		setChecked(item, to.Checked)
	}
}

func setEnabled(item *systray.MenuItem, on bool) {
	if on {
		item.Enable()
	} else {
		item.Disable()
	}
}

func setChecked(item *systray.MenuItem, on bool) {
	if on {
		item.Check()
	} else {
		item.Uncheck()
	}
}
