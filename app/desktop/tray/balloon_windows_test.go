package tray

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

func TestBalloonTextIsCutBetweenCharacters(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"fits", "Jürgen 日本", "Jürgen 日本"},
		{"too long", "123456789012345678", "123456789012345"},
		{"a pair at the end", "12345678901234😀", "12345678901234"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var field [16]uint16
			fill(field[:], row.text)
			if got := windows.UTF16ToString(field[:]); got != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
}

func TestNotifyIconDataHasItsSize(t *testing.T) {
	if size := unsafe.Sizeof(notifyIconData{}); unsafe.Sizeof(uintptr(0)) == 8 && size != 976 {
		t.Errorf("%d bytes, and Windows takes 976", size)
	}
}

func TestBalloonNeedsAnIcon(t *testing.T) {
	if Balloon("title", "body", true) == nil {
		t.Error("shown without an icon")
	}
}
