package store

import (
	"errors"
	"os/exec"
)

// classify reads the exit code of /usr/bin/security, which is the lowest byte
// of Security.framework's status: 36 is errSecInteractionNotAllowed (-25308,
// locked and nobody there to ask), 51 errSecAuthFailed (-25293), 128
// errSecUserCanceled (-128).
func classify(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		switch exit.ExitCode() {
		case 36, 51, 128:
			return locked("macOS did not open it")
		}
	}
	return unavailable(err)
}
