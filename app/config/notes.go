package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/authtray/authtray/tokens"
)

// Notes keeps the notes of what the user gave up while the keychain was locked
// in a profile's state folder, one small file per connection: notes/NAME.json. It
// implements tokens.Notes, and is safe for concurrent use on different names.
//
// The first versions kept more in verdicts/NAME.json, and a mark of a request
// under way in verdicts/NAME.sent. Those are read, and go with the note.
func Notes(state string) tokens.Notes { return newNotes(state) }

type notes struct {
	notes    Records[note]
	verdicts Records[verdict]
}

func newNotes(state string) notes {
	return notes{NewRecords[note](state, "notes"), NewRecords[verdict](state, "verdicts")}
}

// Load returns nil where there is no note. One that cannot be read is an error,
// never "none": what the user gave up must not come back to life.
func (n notes) Load(name string) (*tokens.Note, error) {
	is, found, err := n.notes.Load(name)
	if err != nil {
		return nil, err
	}
	os.Remove(n.sent(name)) // nobody reads it any more
	if found {
		return (*tokens.Note)(&is), nil
	}
	was, found, err := n.verdicts.Load(name)
	if err != nil || !found {
		return nil, err
	}
	return &tokens.Note{Time: was.Time, Old: (*tokens.Verdict)(&was)}, nil
}

// sent is a file that the first versions left; the name has been checked.
func (n notes) sent(name string) string { return filepath.Join(n.verdicts.dir, name+".sent") }

// note is a tokens.Note that is damaged where it does not say when.
type note tokens.Note

// UnmarshalJSON implements json.Unmarshaler.
func (n *note) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, (*tokens.Note)(n)); err != nil {
		return err
	}
	if n.Time.IsZero() {
		return errors.New("it does not say when")
	}
	return nil
}

// verdict is a tokens.Verdict of the first versions. It is damaged where it would
// cover no grant though it says that one is over. A verdict of generation 0 is one
// that covers none and says so: a sign-in that was never kept, a connection that was
// disconnected with nothing in it, or one of every record whose connection is made
// anew.
type verdict tokens.Verdict

// UnmarshalJSON implements json.Unmarshaler.
func (v *verdict) UnmarshalJSON(data []byte) error {
	var given struct {
		Reason     *tokens.Reason `json:"reason"`
		Generation *uint64        `json:"generation"`
	}
	for _, into := range []any{(*tokens.Verdict)(v), &given} {
		if err := json.Unmarshal(data, into); err != nil {
			return err
		}
	}
	if v.Reason == "verdict_damaged" {
		v.Reason = tokens.ReasonNoteDamaged
	}
	switch {
	case v.Generation > 0 || v.All || v.Told:
		return nil
	case given.Reason == nil || given.Generation == nil:
		return errors.New("it does not say what is over")
	}
	switch v.Reason {
	case tokens.ReasonNone, tokens.ReasonNotKept, tokens.ReasonNoteDamaged:
		return nil
	}
	return fmt.Errorf("%q of no grant", v.Reason)
}

// Save has the note on disk when it returns nil.
func (n notes) Save(name string, is tokens.Note) error {
	if err := n.notes.Save(name, note(is)); err != nil {
		return err
	}
	_ = n.verdicts.Remove(name) // the note is read first, so that this may fail
	return nil
}

// Clear removes the note, or what the first versions left in its place.
func (n notes) Clear(name string) error {
	if err := n.verdicts.Remove(name); err != nil {
		return err
	}
	if err := n.notes.Remove(name); err != nil { // the note last: it is read first
		return err
	}
	os.Remove(n.verdicts.dir) // once it is empty
	return nil
}

// NoteNames are the connections of which there is a note.
func NoteNames(state string) []string {
	n := newNotes(state)
	return slices.Concat(n.notes.Names(), n.verdicts.Names())
}
