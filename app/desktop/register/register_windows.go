package register

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

const (
	environmentKey = "Environment"
	appsKey        = `Software\Microsoft\Windows\CurrentVersion\Uninstall\Authtray`
	toastsKey      = `Software\Classes\AppUserModelId\Authtray` // package notify writes it
)

// Add registers the programs in a folder, as a version. It may be done again.
func Add(folder, version string) error {
	agent := filepath.Join(folder, "authtray-agent.exe")
	if _, err := os.Stat(agent); err != nil {
		return fmt.Errorf("the programs are not all in one folder: %w", err)
	}
	if err := linkHelpers(folder); err != nil {
		return fmt.Errorf("the helpers cannot be made: %w", err)
	}
	if err := changePath(func(path string) string { return withFolder(path, folder) }); err != nil {
		return fmt.Errorf("PATH cannot be changed: %w", err)
	}
	link, err := startMenuLink()
	if err == nil {
		err = writeShortcut(link, agent, "open")
	}
	if err != nil {
		return fmt.Errorf("the entry in the Start menu cannot be made: %w", err)
	}
	if err := writeApp(folder, version, agent); err != nil {
		return fmt.Errorf("the entry in the list of installed apps cannot be made: %w", err)
	}
	return nil
}

// helpers are names under which tools call authtray.exe, hard links to it.
var helpers = []string{"docker-credential-authtray.exe", "git-credential-authtray.exe"}

// linkHelpers leaves alone what is linked already: Windows removes no name of a
// program that runs, and this one does.
func linkHelpers(folder string) error {
	program, err := os.Stat(filepath.Join(folder, "authtray.exe"))
	if err != nil {
		return err
	}
	for _, name := range helpers {
		link := filepath.Join(folder, name)
		if there, err := os.Stat(link); err == nil && os.SameFile(there, program) {
			continue
		}
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Link(filepath.Join(folder, "authtray.exe"), link); err != nil {
			return err
		}
	}
	return nil
}

// Remove takes back what Add told Windows, and what the agent told it of its
// notifications. What is not there is no error.
func Remove(folder string) error {
	err := changePath(func(path string) string { return withoutFolder(path, folder) })
	link, linkErr := startMenuLink()
	if linkErr == nil {
		if linkErr = os.Remove(link); errors.Is(linkErr, fs.ErrNotExist) {
			linkErr = nil
		}
	}
	err = errors.Join(err, linkErr)
	for _, key := range []string{appsKey, toastsKey} {
		if gone := registry.DeleteKey(registry.CURRENT_USER, key); gone != nil && !errors.Is(gone, registry.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// changePath changes the user's PATH, keeps its type, and tells the programs that run:
// those started from now on have it.
func changePath(change func(string) string) error {
	key, _, err := registry.CreateKey(registry.CURRENT_USER, environmentKey, registry.QUERY_VALUE|registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer key.Close()
	old, kind, err := key.GetStringValue("Path")
	if err != nil && !errors.Is(err, registry.ErrNotExist) {
		return err
	}
	path := change(old)
	switch {
	case path == old:
		return nil
	case path == "":
		err = key.DeleteValue("Path")
	case kind == registry.SZ:
		err = key.SetStringValue("Path", path)
	default:
		err = key.SetExpandStringValue("Path", path)
	}
	if err == nil {
		tellEnvironment()
	}
	return err
}

// tellEnvironment broadcasts that environment variables have changed.
func tellEnvironment() {
	const (
		broadcast     = 0xffff // HWND_BROADCAST
		settingChange = 0x1a   // WM_SETTINGCHANGE
		abortIfHung   = 2      // SMTO_ABORTIFHUNG
		milliseconds  = 1000
	)
	what, err := windows.UTF16PtrFromString(environmentKey)
	if err != nil {
		return
	}
	windows.NewLazySystemDLL("user32.dll").NewProc("SendMessageTimeoutW").Call(
		broadcast, settingChange, 0, uintptr(unsafe.Pointer(what)), abortIfHung, milliseconds, 0)
}

func startMenuLink() (string, error) {
	programs, err := windows.KnownFolderPath(windows.FOLDERID_Programs, windows.KF_FLAG_CREATE)
	return filepath.Join(programs, "Authtray.lnk"), err
}

// writeApp makes the entry that Settings, Apps shows, with what removes it.
func writeApp(folder, version, icon string) error {
	key, _, err := registry.CreateKey(registry.CURRENT_USER, appsKey, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer key.Close()
	for _, value := range [][2]string{
		{"DisplayName", "Authtray"}, {"DisplayVersion", version}, {"Publisher", "The Authtray authors"},
		{"DisplayIcon", icon}, {"InstallLocation", folder},
		{"UninstallString", `"` + filepath.Join(folder, "uninstall.cmd") + `"`},
	} {
		err = errors.Join(err, key.SetStringValue(value[0], value[1]))
	}
	return errors.Join(err, key.SetDWordValue("NoModify", 1), key.SetDWordValue("NoRepair", 1))
}
