package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/authtray/authtray/tokens"
)

// Verdicts keeps the verdicts of a profile in its state folder, one small file
// per connection: verdicts/NAME.json. They hold no secret. It implements
// tokens.Verdicts, and is safe for concurrent use on different names.
func Verdicts(state string) tokens.Verdicts {
	return verdicts{dir: filepath.Join(state, "verdicts")}
}

type verdicts struct{ dir string }

func (v verdicts) file(name string) (string, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	return filepath.Join(v.dir, name+".json"), nil
}

// Load returns false where there is no verdict. A verdict that cannot be read
// is an error, never "none": a dead grant must not come back to life.
func (v verdicts) Load(name string) (tokens.Verdict, bool, error) {
	file, err := v.file(name)
	if err != nil {
		return tokens.Verdict{}, false, err
	}
	data, err := Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return tokens.Verdict{}, false, errors.Join(dangling(v.dir), dangling(file))
	}
	if err != nil {
		return tokens.Verdict{}, false, err
	}
	out, err := readVerdict(data)
	if err != nil {
		return tokens.Verdict{}, false, fmt.Errorf("%s is damaged: %w", file, err)
	}
	return out, true, nil
}

// readVerdict refuses what would cover no grant though it says that one is over.
// A verdict of generation 0 is one that covers none and says so: a sign-in that
// was never kept, a connection that was disconnected with nothing in it, or one
// of every record whose connection is made anew.
func readVerdict(data []byte) (tokens.Verdict, error) {
	var v tokens.Verdict
	var given struct {
		Reason     *tokens.Reason `json:"reason"`
		Generation *uint64        `json:"generation"`
	}
	for _, into := range []any{&v, &given} {
		if err := json.Unmarshal(data, into); err != nil {
			return v, err
		}
	}
	switch {
	case v.Generation > 0 || v.All || v.Told:
		return v, nil
	case given.Reason == nil || given.Generation == nil:
		return v, errors.New("it does not say what is over")
	}
	switch v.Reason {
	case tokens.ReasonNone, tokens.ReasonNotKept, tokens.ReasonVerdictDamaged:
		return v, nil
	}
	return v, fmt.Errorf("%q of no grant", v.Reason)
}

// dangling is an error where path is a symbolic link to nothing: what it stood
// for has been taken away, which is not the same as never having been.
func dangling(path string) error {
	if _, err := os.Lstat(path); err != nil {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is a link to nothing", path)
	}
	return nil
}

// Save has the verdict on disk when it returns nil.
func (v verdicts) Save(name string, verdict tokens.Verdict) error {
	file, err := v.file(name)
	if err != nil {
		return err
	}
	data, err := json.Marshal(verdict)
	if err != nil {
		return err
	}
	return Write(file, append(data, '\n'))
}

// Sent keeps the generation of a refresh under way in verdicts/NAME.sent.
func (v verdicts) Sent(name string, generation uint64) error {
	file, err := v.file(name)
	if err != nil {
		return err
	}
	file = strings.TrimSuffix(file, ".json") + ".sent"
	if generation == 0 {
		if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := os.MkdirAll(v.dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, strconv.AppendUint(nil, generation, 10), 0o600)
}

func (v verdicts) LoadSent(name string) uint64 {
	file, err := v.file(name)
	if err != nil {
		return 0
	}
	data, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".sent")
	if err != nil {
		return 0
	}
	generation, _ := strconv.ParseUint(string(data), 10, 64)
	return generation
}

func (v verdicts) Clear(name string) error {
	file, err := v.file(name)
	if err != nil {
		return err
	}
	err = Remove(file)
	if errors.Is(err, fs.ErrNotExist) { // the folder was never made
		return nil
	}
	return err
}

// VerdictNames are the connections of which there is a verdict.
func VerdictNames(state string) (names []string) {
	files, _ := os.ReadDir(filepath.Join(state, "verdicts"))
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".json"); ok && CheckName(name) == nil {
			names = append(names, name)
		}
	}
	return names
}
