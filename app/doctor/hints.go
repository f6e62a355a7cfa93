package doctor

import (
	"context"
	"os/exec"
	"runtime"

	"github.com/authtray/authtray/app/shellquote"
)

func has(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// installers are the commands that install a package, by the program that tells
// the system.
var installers = []struct{ program, command string }{
	{"apt-get", "sudo apt install "}, {"dnf", "sudo dnf install "}, {"pacman", "sudo pacman -S "},
	{"zypper", "sudo zypper install "}, {"apk", "sudo apk add "},
}

// install is how a package is had here. Its name may differ.
func install(name string) string {
	for _, i := range installers {
		if has(i.program) {
			return i.command + name
		}
	}
	return "install " + name
}

// unlockHint has the desktop ask its user, whether an agent runs or not.
func unlockHint() string {
	if runtime.GOOS == "darwin" {
		return "security unlock-keychain"
	}
	return "authtray unlock"
}

func keychainHint() string {
	switch {
	case runtime.GOOS != "linux":
		return "authtray run --store=file"
	case !hasBus(context.Background()):
		return "authtray run --store=file"
	}
	return keychainStart()
}

// memoryHint leads from memory to what lasts: the keychain, if there can be one.
func memoryHint() string {
	if !hasBus(context.Background()) {
		return "authtray run --replace --store=file"
	}
	return "authtray run --replace"
}

var clockHints = map[string]string{
	"darwin":  "sudo sntp -sS time.apple.com",
	"windows": "w32tm /resync",
}

func clockHint() string {
	if hint, ok := clockHints[runtime.GOOS]; ok {
		return hint
	}
	return "sudo timedatectl set-ntp true"
}

// quote makes one word of a path, for a shell.
func quote(path string) string { return shellquote.Quoted(shellquote.Local(), path) }

// Edit is the command that opens a file in the user's editor.
func Edit(path string) string {
	if runtime.GOOS == "windows" {
		return "notepad " + quote(path)
	}
	return "${EDITOR:-vi} " + quote(path)
}
