package store

import (
	"errors"
	"strings"
	"testing"
)

// TestSizesAreCheckedBeforeGoKeyring: on macOS a refusal by go-keyring leaves a
// helper program behind.
func TestSizesAreCheckedBeforeGoKeyring(t *testing.T) {
	longest := strings.Repeat("k", 128) + slotA.part("", maxParts-1)
	for _, c := range []struct {
		what          string
		service, name string
		text          int
		fits          bool
	}{
		{"the largest item under the longest key", "authtray-" + strings.Repeat("p", 64), longest, MaxItem, true},
		{"more than Windows keeps", "authtray", "work", 2561, false},
		{"a service longer than Windows allows", strings.Repeat("s", 512), "work", 10, false},
		{"a command longer than macOS reads", strings.Repeat("s", 500), strings.Repeat("n", 900), 2000, false},
	} {
		err := fits(c.service, c.name, strings.Repeat("x", c.text))
		if (err == nil) != c.fits || (err != nil && !errors.Is(err, ErrUnavailable)) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

func TestMacLengthIsThatOfGoKeyringsCommand(t *testing.T) {
	command := "add-generic-password -U -s 'a b' -a work -w go-keyring-base64:QUJD\n"
	if got := macLength("a b", "work", "ABC"); got < len(command) || got > len(command)+4 {
		t.Errorf("macLength = %d, the command has %d", got, len(command))
	}
}
