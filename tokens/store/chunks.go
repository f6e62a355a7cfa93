package store

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// MaxItem is the most bytes that one keychain item holds: what the smallest of
// them takes (2560 bytes on Windows, a command of 4096 on macOS). With it no item
// under the longest key and service is too large for go-keyring, which on macOS
// starts a helper program first, and leaves it waiting for ever when the item is.
// A Secret Service takes any value whole, and there a value is one item, updated
// in place: KeePassXC keeps every item that is deleted.
const MaxItem = 2000

// wholeItem is more than MaxValue takes in base64.
const wholeItem = 2 * MaxValue

// maxParts bounds what a damaged manifest can make us read: 20 MB.
const maxParts = 10000

// The head item of a key, one of three:
//
//	the value itself                     printable ASCII that fits and starts with neither mark
//	authtray-base64:…                    any other value that fits
//	authtray-parts:{"v":1,"slot":"b","n":3,"sum":"…","enc":"base64"}
//	                                     n parts KEY#b.0 … KEY#b.2; sum is the SHA-256 of the
//	                                     parts put together, enc is absent for printable ASCII
const (
	markBase64 = "authtray-base64:"
	markParts  = "authtray-parts:"
)

// slot is one of the two places for parts. A value is written to the one that
// the head does not name, so the old value stays whole until the head changes.
type slot string

const (
	slotA slot = "a"
	slotB slot = "b"
)

func (s slot) other() slot {
	if s == slotA {
		return slotB
	}
	return slotA
}

// part is the name of the i-th part of key's value in s.
func (s slot) part(key string, i int) string { return fmt.Sprintf("%s#%s.%d", key, s, i) }

// manifest is a head that stands for parts.
type manifest struct {
	V    int    `json:"v"`
	Slot slot   `json:"slot"`
	N    int    `json:"n"`
	Sum  string `json:"sum"`
	Enc  string `json:"enc,omitempty"`
}

// seal encodes value as a head and, if it needs any, its parts in s.
func seal(value []byte, s slot, most int) (head string, parts []string) {
	if head, fits := asHead(value, most); fits {
		return head, nil
	}
	body, enc := string(value), ""
	if !printable(value) {
		body, enc = base64.StdEncoding.EncodeToString(value), "base64"
	}
	for part := range slices.Chunk([]byte(body), most) {
		parts = append(parts, string(part))
	}
	b, _ := json.Marshal(manifest{V: 1, Slot: s, N: len(parts), Sum: sum(body), Enc: enc}) // strings and numbers only: cannot fail
	return markParts + string(b), parts
}

// asHead is value as a head of its own, if it fits. An empty value is encoded
// too: not every keychain keeps an empty secret.
func asHead(value []byte, most int) (string, bool) {
	text := string(value)
	marked := strings.HasPrefix(text, markBase64) || strings.HasPrefix(text, markParts)
	if len(value) == 0 || marked || !printable(value) {
		text = markBase64 + base64.StdEncoding.EncodeToString(value)
	}
	return text, len(text) <= most
}

// readHead reads a head: the value, or the manifest of its parts.
func readHead(head string) ([]byte, *manifest, error) {
	if encoded, ok := strings.CutPrefix(head, markBase64); ok {
		value, err := fromBase64(encoded)
		return value, nil, err
	}
	encoded, ok := strings.CutPrefix(head, markParts)
	if !ok {
		return []byte(head), nil, nil
	}
	var m manifest
	if err := json.Unmarshal([]byte(encoded), &m); err != nil {
		return nil, nil, fmt.Errorf("%w: its list of parts cannot be read", ErrCorrupt)
	}
	if m.V > 1 {
		return nil, nil, fmt.Errorf("%w: it was written by a newer version", ErrCorrupt)
	}
	if m.V != 1 || (m.Slot != slotA && m.Slot != slotB) || m.N < 1 || m.N > maxParts || (m.Enc != "" && m.Enc != "base64") {
		return nil, nil, fmt.Errorf("%w: its list of parts makes no sense", ErrCorrupt)
	}
	return nil, &m, nil
}

// join puts the parts of m together again.
func (m *manifest) join(parts []string) ([]byte, error) {
	body := strings.Join(parts, "")
	if sum(body) != m.Sum {
		return nil, fmt.Errorf("%w: its parts do not match", ErrCorrupt)
	}
	if m.Enc == "" {
		return []byte(body), nil
	}
	return fromBase64(body)
}

func fromBase64(text string) ([]byte, error) {
	value, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: its text is not base64", ErrCorrupt)
	}
	return value, nil
}

func sum(body string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(body))) }

// printable says whether every keychain gives value back as it is: ASCII
// without control characters, and no space at either end, which macOS trims.
func printable(value []byte) bool {
	return len(value) > 0 && value[0] != ' ' && value[len(value)-1] != ' ' &&
		!slices.ContainsFunc(value, func(b byte) bool { return b < ' ' || b > '~' })
}
