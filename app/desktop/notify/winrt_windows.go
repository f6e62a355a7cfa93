package notify

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The part of the Windows Runtime that shows a toast. The libraries that do the same
// also register a COM class for clicks, which cannot be taken back: it calls into
// this process when it ends, and the process hangs. A button that opens a URL needs
// no class.
var (
	combase                = windows.NewLazySystemDLL("combase.dll")
	roInitialize           = combase.NewProc("RoInitialize")
	roActivateInstance     = combase.NewProc("RoActivateInstance")
	roGetActivationFactory = combase.NewProc("RoGetActivationFactory")
	windowsCreateString    = combase.NewProc("WindowsCreateString")
	windowsDeleteString    = combase.NewProc("WindowsDeleteString")

	iidXMLDocument     = windows.GUID{Data1: 0xf7f3a506, Data2: 0x1e87, Data3: 0x42d6, Data4: [8]byte{0xbc, 0xfb, 0xb8, 0xc8, 0x09, 0xfa, 0x54, 0x94}}
	iidXMLDocumentIO   = windows.GUID{Data1: 0x6cd0e74e, Data2: 0xee65, Data3: 0x4489, Data4: [8]byte{0x9e, 0xbf, 0xca, 0x43, 0xe8, 0x7b, 0xa6, 0x37}}
	iidManagerStatics  = windows.GUID{Data1: 0x50ac103f, Data2: 0xd235, Data3: 0x4598, Data4: [8]byte{0xbb, 0xef, 0x98, 0xfe, 0x4d, 0x1a, 0x3a, 0xd4}}
	iidNotificationNew = windows.GUID{Data1: 0x04124b20, Data2: 0x82c6, Data3: 0x4229, Data4: [8]byte{0xb1, 0x09, 0xfd, 0x9e, 0xd4, 0x66, 0x2b, 0x53}}
)

// Places of methods in the tables of their interfaces: IUnknown's are 0 to 2, and
// IInspectable's 3 to 5.
const (
	queryInterface            = 0
	release                   = 2
	loadXML                   = 6 // IXmlDocumentIO
	createToastNotifierWithID = 7 // IToastNotificationManagerStatics
	createToastNotification   = 6 // IToastNotificationFactory
	showToast                 = 6 // IToastNotifier
	getSetting                = 8 // IToastNotifier: 0 where toasts are enabled
)

// enterRuntime joins the process's multi-threaded apartment, for good: what shows a
// toast goes on after the call.
var enterRuntime = sync.OnceValue(func() error {
	if err := combase.Load(); err != nil {
		return err
	}
	const multithreaded = 1
	return failure(roInitialize.Call(multithreaded))
})

// pushToast shows a toast of the application appID. Its error is errSwitchedOff where
// the user or a policy wants none.
func pushToast(appID, xml string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := enterRuntime(); err != nil {
		return fmt.Errorf("the Windows Runtime does not start: %w", err)
	}
	notifier, err := toastNotifier(appID)
	if err != nil {
		return fmt.Errorf("no toast notifier: %w", err)
	}
	defer notifier.release()
	var setting int32
	if err := notifier.call(getSetting, 0, unsafe.Pointer(&setting)); err != nil {
		return fmt.Errorf("toasts have no setting: %w", err)
	}
	if setting != 0 {
		return errSwitchedOff
	}
	toast, err := newToast(xml)
	if err != nil {
		return fmt.Errorf("the toast cannot be made: %w", err)
	}
	defer toast.release()
	if err := notifier.call(showToast, toast.argument(), nil); err != nil {
		return fmt.Errorf("the toast cannot be shown: %w", err)
	}
	return nil
}

func toastNotifier(appID string) (*object, error) {
	manager, err := factory("Windows.UI.Notifications.ToastNotificationManager", &iidManagerStatics)
	if err != nil {
		return nil, err
	}
	defer manager.release()
	id, err := newString(appID)
	if err != nil {
		return nil, err
	}
	defer windowsDeleteString.Call(id)
	var notifier *object
	err = manager.call(createToastNotifierWithID, id, unsafe.Pointer(&notifier))
	return notifier, err
}

func newToast(xml string) (*object, error) {
	class, err := newString("Windows.Data.Xml.Dom.XmlDocument")
	if err != nil {
		return nil, err
	}
	defer windowsDeleteString.Call(class)
	var instance *object
	if err := failure(roActivateInstance.Call(class, uintptr(unsafe.Pointer(&instance)))); err != nil {
		return nil, err
	}
	defer instance.release()
	loader, err := instance.as(&iidXMLDocumentIO)
	if err != nil {
		return nil, err
	}
	defer loader.release()
	text, err := newString(xml)
	if err != nil {
		return nil, err
	}
	defer windowsDeleteString.Call(text)
	if err := loader.call(loadXML, text, nil); err != nil {
		return nil, err
	}
	document, err := instance.as(&iidXMLDocument)
	if err != nil {
		return nil, err
	}
	defer document.release()
	toasts, err := factory("Windows.UI.Notifications.ToastNotification", &iidNotificationNew)
	if err != nil {
		return nil, err
	}
	defer toasts.release()
	var toast *object
	err = toasts.call(createToastNotification, document.argument(), unsafe.Pointer(&toast))
	return toast, err
}

func factory(class string, iid *windows.GUID) (*object, error) {
	name, err := newString(class)
	if err != nil {
		return nil, err
	}
	defer windowsDeleteString.Call(name)
	var made *object
	err = failure(roGetActivationFactory.Call(name, uintptr(unsafe.Pointer(iid)), uintptr(unsafe.Pointer(&made))))
	return made, err
}

// newString makes an HSTRING, whose length is in UTF-16 units.
func newString(s string) (uintptr, error) {
	units, err := windows.UTF16FromString(s)
	if err != nil {
		return 0, err
	}
	var made uintptr
	err = failure(windowsCreateString.Call(uintptr(unsafe.Pointer(&units[0])), uintptr(len(units)-1), uintptr(unsafe.Pointer(&made))))
	return made, err
}

// object is a COM object, which is not in Go's memory.
type object struct{ table *[16]uintptr }

func (o *object) argument() uintptr { return uintptr(unsafe.Pointer(o)) }
func (o *object) release()          { syscall.SyscallN(o.table[release], o.argument()) }

// call calls the method at place with one argument and a place for its result, each
// if it is not zero.
func (o *object) call(place int, in uintptr, out unsafe.Pointer) error {
	switch {
	case out == nil:
		return failure(syscall.SyscallN(o.table[place], o.argument(), in))
	case in == 0:
		return failure(syscall.SyscallN(o.table[place], o.argument(), uintptr(out)))
	}
	return failure(syscall.SyscallN(o.table[place], o.argument(), in, uintptr(out)))
}

func (o *object) as(iid *windows.GUID) (*object, error) {
	var other *object
	err := failure(syscall.SyscallN(o.table[queryInterface], o.argument(), uintptr(unsafe.Pointer(iid)), uintptr(unsafe.Pointer(&other))))
	return other, err
}

// failure is the error in a HRESULT, of which those with the highest bit are.
func failure(result, _ uintptr, _ error) error {
	if int32(result) >= 0 {
		return nil
	}
	return syscall.Errno(uint32(result))
}
