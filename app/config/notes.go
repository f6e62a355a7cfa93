package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/authtray/authtray/tokens"
)

// Notes keeps the notes of what the user gave up while the keychain was locked
// in a profile's state folder, one small file per connection: notes/NAME.json.
// They hold no secret. It implements tokens.Notes, and is safe for concurrent use
// on different names.
//
// The first versions kept more in verdicts/NAME.json, and a mark of a request
// under way in verdicts/NAME.sent. Those are read, and go with the note.
func Notes(state string) tokens.Notes { return notes{state} }

type notes struct{ state string }

const (
	notesDir    = "notes"
	verdictsDir = "verdicts"
)

// files are a connection's note, and what the first versions left.
func (n notes) files(name string) (note, verdict, sent string, err error) {
	if err := CheckName(name); err != nil {
		return "", "", "", err
	}
	old := filepath.Join(n.state, verdictsDir, name)
	return filepath.Join(n.state, notesDir, name+".json"), old + ".json", old + ".sent", nil
}

// Load returns nil where there is no note. One that cannot be read is an error,
// never "none": what the user gave up must not come back to life.
func (n notes) Load(name string) (*tokens.Note, error) {
	note, verdict, sent, err := n.files(name)
	if err != nil {
		return nil, err
	}
	os.Remove(sent) // nobody reads it any more
	data, err := readOrNone(note)
	if err != nil || data != nil {
		return readNote(note, data, err)
	}
	if data, err = readOrNone(verdict); err != nil || data == nil {
		return nil, err
	}
	v, err := readVerdict(data)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", verdict, err)
	}
	return &tokens.Note{Time: v.Time, Old: &v}, nil
}

// readOrNone is nil where there is no such file.
func readOrNone(file string) ([]byte, error) {
	data, err := Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(dangling(filepath.Dir(file)), dangling(file))
	}
	if data == nil && err == nil {
		data = []byte{}
	}
	return data, err
}

func readNote(file string, data []byte, err error) (*tokens.Note, error) {
	if err != nil {
		return nil, err
	}
	var n tokens.Note
	if err := json.Unmarshal(data, &n); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", file, err)
	}
	if n.Time.IsZero() {
		return nil, fmt.Errorf("%s is damaged: it does not say when", file)
	}
	return &n, nil
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
	if v.Reason == "verdict_damaged" {
		v.Reason = tokens.ReasonNoteDamaged
	}
	switch {
	case v.Generation > 0 || v.All || v.Told:
		return v, nil
	case given.Reason == nil || given.Generation == nil:
		return v, errors.New("it does not say what is over")
	}
	switch v.Reason {
	case tokens.ReasonNone, tokens.ReasonNotKept, tokens.ReasonNoteDamaged:
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

// Save has the note on disk when it returns nil.
func (n notes) Save(name string, note tokens.Note) error {
	file, verdict, _, err := n.files(name)
	if err != nil {
		return err
	}
	data, err := json.Marshal(note)
	if err != nil {
		return err
	}
	if err := Write(file, append(data, '\n')); err != nil {
		return err
	}
	os.Remove(verdict) // the note is read first, so that this may fail
	return nil
}

// Clear removes the note, or what the first versions left in its place.
func (n notes) Clear(name string) error {
	file, verdict, _, err := n.files(name)
	if err != nil {
		return err
	}
	for _, f := range []string{verdict, file} { // the note last: it is read first
		if err := Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) { // the folder was never made
			return err
		}
	}
	os.Remove(filepath.Join(n.state, verdictsDir)) // once it is empty
	return nil
}

// NoteNames are the connections of which there is a note.
func NoteNames(state string) (names []string) {
	for _, dir := range []string{notesDir, verdictsDir} {
		files, _ := os.ReadDir(filepath.Join(state, dir))
		for _, f := range files {
			if name, ok := strings.CutSuffix(f.Name(), ".json"); ok && CheckName(name) == nil {
				names = append(names, name)
			}
		}
	}
	return names
}
