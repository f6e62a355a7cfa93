package tray

import (
	"errors"
	"time"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

// notifyIconData is NOTIFYICONDATAW of shellapi.h.
type notifyIconData struct {
	size            uint32
	window          windows.HWND
	id, flags       uint32
	callbackMessage uint32
	icon            windows.Handle
	tip             [128]uint16
	state, mask     uint32
	info            [256]uint16
	version         uint32
	infoTitle       [64]uint16
	infoFlags       uint32
	guid            windows.GUID
	balloonIcon     windows.Handle
}

var (
	shellNotifyIcon = windows.NewLazySystemDLL("shell32.dll").NewProc("Shell_NotifyIconW")
	findWindow      = windows.NewLazySystemDLL("user32.dll").NewProc("FindWindowExW")
)

// iconTime is how long an icon may take to come: an agent has something to say before
// it has one.
const iconTime = 5 * time.Second

// Balloon shows a balloon at the icon of this process, for as long as Windows is set
// to; what does not fit is cut. It waits for the icon for a few seconds.
func Balloon(title, body string, warning bool) error {
	const (
		modify      = 1    // NIM_MODIFY
		withInfo    = 0x10 // NIF_INFO
		infoSign    = 1    // NIIF_INFO
		warningSign = 2    // NIIF_WARNING
		systrayIcon = 100  // the number that fyne.io/systray gives its icon
	)
	waitFor(drawn, iconTime)
	window, err := iconWindow()
	if err != nil {
		return err
	}
	data := notifyIconData{window: window, id: systrayIcon, flags: withInfo, infoFlags: infoSign}
	data.size = uint32(unsafe.Sizeof(data))
	if warning {
		data.infoFlags = warningSign
	}
	fill(data.infoTitle[:], title)
	fill(data.info[:], body)
	if done, _, err := shellNotifyIcon.Call(modify, uintptr(unsafe.Pointer(&data))); done == 0 {
		return errors.Join(errors.New("the balloon could not be shown"), err)
	}
	return nil
}

// iconWindow is the window of fyne.io/systray in this process.
func iconWindow() (windows.HWND, error) {
	class, err := windows.UTF16PtrFromString("SystrayClass")
	if err != nil {
		return 0, err
	}
	for window := uintptr(0); ; {
		window, _, _ = findWindow.Call(0, window, uintptr(unsafe.Pointer(class)), 0)
		if window == 0 {
			return 0, errors.New("there is no tray icon to show a balloon at")
		}
		var process uint32
		if _, err := windows.GetWindowThreadProcessId(windows.HWND(window), &process); err == nil && process == windows.GetCurrentProcessId() {
			return windows.HWND(window), nil
		}
	}
}

// fill puts text and a closing zero into a field, whole characters of it.
func fill(field []uint16, text string) {
	used := 0
	for _, r := range text {
		units := utf16.AppendRune(nil, r)
		if used+len(units) >= len(field) {
			break
		}
		used += copy(field[used:], units)
	}
}
