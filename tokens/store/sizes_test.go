package store

import (
	"encoding/base64"
	"strings"
	"testing"
)

// TestTheLargestItemFitsBelowGoKeyringOnEverySystem: what go-keyring and the
// systems below it take at most. On macOS a refusal by go-keyring leaves a helper
// program behind, so that none may happen.
func TestTheLargestItemFitsBelowGoKeyringOnEverySystem(t *testing.T) {
	const (
		windowsBlob    = 2560 // bytes of a credential's value (CRED_MAX_CREDENTIAL_BLOB_SIZE)
		windowsService = 511  // go-keyring's own limit
		macCommand     = 4096 // bytes of one line that `security -i` reads
	)
	service := "authtray-" + strings.Repeat("p", 64) // a profile is a NAME
	key := "k" + strings.Repeat("K", 127)
	if checkKey(key) != nil || checkKey(key+"K") == nil {
		t.Fatal("the longest key has another length")
	}
	if strings.ContainsAny(keyPattern().String(), `'"\\ `) {
		t.Error("a key may need quoting in the command")
	}
	command := "add-generic-password -U -s '" + service + "' -a '" + slotA.part(key, maxParts-1) + "' -w go-keyring-base64:" +
		base64.StdEncoding.EncodeToString(make([]byte, MaxItem)) + "\n"
	if MaxItem > windowsBlob || len(service) > windowsService || len(command) > macCommand {
		t.Errorf("an item of %d bytes, a service of %d, a command of %d", MaxItem, len(service), len(command))
	}
}
