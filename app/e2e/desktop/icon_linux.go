package desktop

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/assets"
)

const (
	itemFace = "org.kde.StatusNotifierItem"
	menuFace = "com.canonical.dbusmenu"
)

// AwaitIcon waits until the tray icon of the program with this id is with the
// tray host.
func (d *Desktop) AwaitIcon(id string) *Icon {
	d.t.Helper()
	var found *Icon
	bustest.Eventually(d.t, bustest.Said("the tray host has no icon "+id), func() bool {
		for _, at := range d.icons() {
			if fmt.Sprint(at.property("Id")) == id {
				found = at
			}
		}
		return found != nil
	})
	return found
}

// icons are those that the tray host knows: "BUS-NAME/PATH".
func (d *Desktop) icons() []*Icon {
	v, err := d.conn.Object(watcherName, watcherPath).GetProperty(watcherName + ".RegisteredStatusNotifierItems")
	names, _ := v.Value().([]string)
	if err != nil {
		return nil
	}
	var all []*Icon
	for _, name := range names {
		owner, path, _ := strings.Cut(name, "/")
		all = append(all, &Icon{d: d, item: d.conn.Object(owner, dbus.ObjectPath("/"+path))})
	}
	return all
}

// Icon is a tray icon as its host reads it.
type Icon struct {
	d    *Desktop
	item dbus.BusObject
}

func (i *Icon) property(name string) any {
	v, err := i.item.GetProperty(itemFace + "." + name)
	if err != nil {
		return nil
	}
	return v.Value()
}

// AwaitShape waits until the icon looks "fine", "working" or "needs you".
func (i *Icon) AwaitShape(want string) {
	i.d.t.Helper()
	bustest.Eventually(i.d.t, func() string { return fmt.Sprintf("the icon is %q, not %q", i.Shape(), want) }, func() bool { return i.Shape() == want })
}

// Shape is which of our pictures the icon shows, "" for another one.
func (i *Icon) Shape() string {
	var shown []struct {
		W, H int32
		Pix  []byte
	}
	if err := dbus.Store([]any{i.property("IconPixmap")}, &shown); err != nil || len(shown) != 1 {
		return ""
	}
	for name, picture := range map[string][]byte{"fine": assets.TrayFine, "working": assets.TrayWorking, "needs you": assets.TrayNeedsYou} {
		if bytes.Equal(outline(picture), everyFourth(shown[0].Pix)) {
			return name
		}
	}
	return ""
}

// outline is how opaque each pixel of a PNG is.
func outline(picture []byte) []byte {
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		panic(err) // our own asset
	}
	var out []byte
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			_, _, _, a := img.At(x, y).RGBA()
			out = append(out, byte(a>>8))
		}
	}
	return out
}

// everyFourth is the outline of a pixmap, which is ARGB32 in network order.
func everyFourth(pixmap []byte) []byte {
	var out []byte
	for i := 0; i < len(pixmap); i += 4 {
		out = append(out, pixmap[i])
	}
	return out
}

// Tooltip is the icon's tooltip.
func (i *Icon) Tooltip() string {
	var tip struct {
		Icon     string
		Pictures []struct {
			W, H int32
			Pix  []byte
		}
		Title, Text string
	}
	if err := dbus.Store([]any{i.property("ToolTip")}, &tip); err != nil {
		return ""
	}
	return strings.TrimSpace(tip.Title + " " + tip.Text)
}

// layout is com.canonical.dbusmenu's, as GetLayout gives it.
type layout struct {
	ID    int32
	Props map[string]dbus.Variant
	Below []dbus.Variant
}

func (l layout) label() string {
	s, _ := l.Props["label"].Value().(string)
	return strings.ReplaceAll(s, "__", "_")
}

func (l layout) below() []layout {
	var all []layout
	for _, v := range l.Below {
		var b layout
		if err := dbus.Store([]any{v.Value()}, &b); err == nil {
			all = append(all, b)
		}
	}
	return all
}

// Choose waits for the entry below these labels (a label counts by its
// beginning), and clicks it as a tray host does.
func (i *Icon) Choose(labels ...string) {
	i.d.t.Helper()
	menu := i.menu()
	var id int32
	bustest.Eventually(i.d.t, func() string { return "the menu has no " + strings.Join(labels, " / ") }, func() bool {
		at, ok := i.find(menu, labels)
		id = at.ID
		return ok
	})
	if err := menu.Call(menuFace+".Event", 0, id, "clicked", dbus.MakeVariant(""), uint32(0)).Err; err != nil {
		i.d.t.Fatalf("clicking %s: %v", strings.Join(labels, " / "), err)
	}
}

func (i *Icon) menu() dbus.BusObject {
	path, ok := i.property("Menu").(dbus.ObjectPath)
	if !ok {
		i.d.t.Fatal("the icon has no menu")
	}
	return i.d.conn.Object(i.item.Destination(), path)
}

func (i *Icon) find(menu dbus.BusObject, labels []string) (at layout, ok bool) {
	var revision uint32
	if err := menu.Call(menuFace+".GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &at); err != nil {
		return at, false
	}
	for _, label := range labels {
		ok = false
		for _, b := range at.below() {
			if !ok && strings.HasPrefix(b.label(), label) {
				at, ok = b, true
			}
		}
		if !ok {
			return at, false
		}
	}
	return at, true
}
