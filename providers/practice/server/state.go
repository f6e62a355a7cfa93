package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stateFile is Options.State: everything that outlives a restart. It holds keys
// and is the owner's alone; refresh tokens are in it as hashes.
type stateFile struct {
	Version int       `json:"version"`
	Keys    savedKeys `json:"keys"`
	Book    book      `json:"book"`
}

const stateVersion = 1

// restore takes up the state file, or makes new keys and the file where there
// is none, so that a place that cannot be written is told at once.
func (s *Server) restore() (err error) {
	s.keys, err = newKeys()
	if err != nil || s.opts.State == "" {
		return err
	}
	raw, err := os.ReadFile(s.opts.State)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.write(); err != nil {
			return fmt.Errorf("the state file %s cannot be written; give another place: %w", s.opts.State, err)
		}
		return nil
	}
	if err == nil {
		err = s.take(raw)
	}
	if err != nil {
		return fmt.Errorf("the state file %s cannot be used; move it away to start afresh: %w", s.opts.State, err)
	}
	return nil
}

func (s *Server) take(raw []byte) error {
	f := stateFile{Book: newBook()}
	if err := json.Unmarshal(raw, &f); err != nil {
		return err
	}
	if f.Version != stateVersion {
		return fmt.Errorf("its version is %d, not %d", f.Version, stateVersion)
	}
	keys, err := f.Keys.load()
	if err != nil {
		return err
	}
	s.keys, s.ledger.book = keys, f.Book
	return nil
}

// save writes the state file. The ledger calls it with its lock held.
func (s *Server) save() {
	if s.opts.State == "" {
		return
	}
	if err := s.write(); err != nil {
		s.log.Error("grants are not saved and will be lost at the next restart", "err", err)
	}
}

func (s *Server) write() error {
	keys, err := s.keys.save()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(stateFile{Version: stateVersion, Keys: keys, Book: s.ledger.book})
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.opts.State), filepath.Base(s.opts.State)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.opts.State)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
