package register

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	coCreateInstance = windows.NewLazySystemDLL("ole32.dll").NewProc("CoCreateInstance")

	clsidShellLink = windows.GUID{Data1: 0x00021401, Data4: [8]byte{0xc0, 0, 0, 0, 0, 0, 0, 0x46}}
	iidShellLink   = windows.GUID{Data1: 0x000214f9, Data4: [8]byte{0xc0, 0, 0, 0, 0, 0, 0, 0x46}}
	iidPersistFile = windows.GUID{Data1: 0x0000010b, Data4: [8]byte{0xc0, 0, 0, 0, 0, 0, 0, 0x46}}
)

// Places of methods in the tables of IUnknown, IShellLinkW and IPersistFile.
const (
	queryInterface      = 0
	release             = 2
	setWorkingDirectory = 9
	setArguments        = 11
	setPath             = 20
	save                = 6
)

// object is a COM object, which is not in Go's memory.
type object struct{ table *[21]uintptr }

func (o *object) release() { syscall.SyscallN(o.table[release], uintptr(unsafe.Pointer(o))) }

// writeShortcut makes a shortcut file that starts a program with arguments, in the
// user's folder.
func writeShortcut(file, program, arguments string) error {
	runtime.LockOSThread() // COM is set up for a thread
	defer runtime.UnlockOSThread()
	if err := windows.CoInitializeEx(0, windows.COINIT_APARTMENTTHREADED); err != nil && err != syscall.Errno(windows.S_FALSE) {
		return err
	}
	defer windows.CoUninitialize()
	var link *object
	if err := failure(coCreateInstance.Call(uintptr(unsafe.Pointer(&clsidShellLink)), 0, windows.CLSCTX_INPROC_SERVER,
		uintptr(unsafe.Pointer(&iidShellLink)), uintptr(unsafe.Pointer(&link)))); err != nil {
		return err
	}
	defer link.release()
	home, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	for _, set := range []struct {
		place int
		text  string
	}{{setPath, program}, {setArguments, arguments}, {setWorkingDirectory, home}} {
		if err := link.set(set.place, set.text); err != nil {
			return err
		}
	}
	var disk *object
	if err := failure(syscall.SyscallN(link.table[queryInterface], uintptr(unsafe.Pointer(link)),
		uintptr(unsafe.Pointer(&iidPersistFile)), uintptr(unsafe.Pointer(&disk)))); err != nil {
		return err
	}
	defer disk.release()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(file)
	if err != nil {
		return err
	}
	const remember = 1
	return failure(syscall.SyscallN(disk.table[save], uintptr(unsafe.Pointer(disk)), uintptr(unsafe.Pointer(name)), remember))
}

// set calls a method of one text.
func (o *object) set(place int, text string) error {
	chars, err := windows.UTF16PtrFromString(text)
	if err != nil {
		return err
	}
	return failure(syscall.SyscallN(o.table[place], uintptr(unsafe.Pointer(o)), uintptr(unsafe.Pointer(chars))))
}

// failure is the error in a HRESULT, of which those with the highest bit are.
func failure(result, _ uintptr, _ error) error {
	if int32(result) >= 0 {
		return nil
	}
	return syscall.Errno(uint32(result))
}
