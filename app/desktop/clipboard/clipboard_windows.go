package clipboard

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	user32   = windows.NewLazySystemDLL("user32.dll")
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")

	openClipboard  = user32.NewProc("OpenClipboard")
	closeClipboard = user32.NewProc("CloseClipboard")
	emptyClipboard = user32.NewProc("EmptyClipboard")
	setData        = user32.NewProc("SetClipboardData")
	sequence       = user32.NewProc("GetClipboardSequenceNumber")
	registerFormat = user32.NewProc("RegisterClipboardFormatW")
	globalAlloc    = kernel32.NewProc("GlobalAlloc")
	globalFree     = kernel32.NewProc("GlobalFree")
	globalLock     = kernel32.NewProc("GlobalLock")
	globalUnlock   = kernel32.NewProc("GlobalUnlock")
)

const (
	unicodeText = 13 // CF_UNICODETEXT
	moveable    = 2  // GMEM_MOVEABLE
)

// noHistory are formats whose presence keeps a text out of the clipboard's
// history and from other machines.
var noHistory = []string{"ExcludeClipboardContentFromMonitorProcessing", "CanIncludeInClipboardHistory", "CanUploadToCloudClipboard"}

// clip is the Windows clipboard. Its sequence number says whether anything has
// been copied since.
type clip struct{ number *uintptr }

func system() board { return clip{new(uintptr)} }

func (c clip) put(_ context.Context, text string) error {
	units, err := windows.UTF16FromString(text)
	if err != nil {
		return errors.New("the text holds a zero character, so it cannot be copied")
	}
	err = opened(func() error {
		emptyClipboard.Call()
		for _, name := range noHistory {
			n, _ := windows.UTF16PtrFromString(name) // a constant without zeros
			if format, _, _ := registerFormat.Call(uintptr(unsafe.Pointer(n))); format != 0 {
				set(format, []uint16{0, 0}) // a DWORD of 0
			}
		}
		return set(unicodeText, units)
	})
	*c.number, _, _ = sequence.Call()
	return err
}

func (c clip) clear(context.Context) error {
	if now, _, _ := sequence.Call(); now != *c.number {
		return nil
	}
	return opened(func() error { emptyClipboard.Call(); return nil })
}

// opened runs f with the clipboard open, which belongs to a thread.
func opened(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if ok, _, err := openClipboard.Call(0); ok == 0 {
		return fmt.Errorf("the clipboard is in use by another program: try again (%w)", err)
	}
	defer closeClipboard.Call()
	return f()
}

// set gives data to the clipboard, which owns the memory once it has taken it.
func set(format uintptr, data []uint16) error {
	size := uintptr(len(data)) * 2
	memory, _, err := globalAlloc.Call(moveable, size)
	if memory == 0 {
		return err
	}
	at, _, err := globalLock.Call(memory)
	if at == 0 {
		globalFree.Call(memory)
		return err
	}
	copy(unsafe.Slice((*uint16)(*(*unsafe.Pointer)(unsafe.Pointer(&at))), len(data)), data)
	globalUnlock.Call(memory)
	if ok, _, err := setData.Call(format, memory); ok == 0 {
		globalFree.Call(memory)
		return err
	}
	return nil
}
