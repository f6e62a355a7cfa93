package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrDamaged is wrapped by the error for a file that does not hold what it should.
var ErrDamaged = errors.New("it is damaged")

// Records keeps one value for each connection in a folder of the state folder, in
// FOLDER/NAME.json. It holds no secret. Safe for concurrent use on different names.
//
// Files are replaced whole, private and of at most MaxFile bytes. One that cannot be
// read, is damaged, can have been written by others or is a link to nothing is an
// error that names it, never "none", and stays until it is saved anew or removed:
// what follows from that is for whoever keeps the records to say.
type Records[T any] struct{ dir string }

// NewRecords are the records in a folder of a state folder.
func NewRecords[T any](state, folder string) Records[T] {
	return Records[T]{filepath.Join(state, folder)}
}

// path checks the name too: it is part of the path.
func (r Records[T]) path(name string) (string, error) {
	return filepath.Join(r.dir, name+".json"), CheckName(name)
}

// Load reads a record. found is false, without an error, where there is none.
func (r Records[T]) Load(name string) (v T, found bool, err error) {
	var none T
	file, err := r.path(name)
	if err != nil {
		return none, false, err
	}
	data, err := Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return none, false, errors.Join(dangling(r.dir), dangling(file))
	}
	if err != nil {
		return none, false, err
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return none, false, fmt.Errorf("%s cannot be read: %w: %w", file, ErrDamaged, err)
	}
	return v, true, nil
}

// Save has the record on disk when it returns nil.
func (r Records[T]) Save(name string, v T) error {
	file, err := r.path(name)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if len(data) >= MaxFile {
		return fmt.Errorf("%s would be larger than %d bytes, so it is left as it was", file, MaxFile)
	}
	return Write(file, append(data, '\n'))
}

// Remove removes a record for good. One that is not there is no error.
func (r Records[T]) Remove(name string) error {
	file, err := r.path(name)
	if err != nil {
		return err
	}
	if err := Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) { // the folder was never made
		return err
	}
	return nil
}

// Names are the connections that have a record, sorted.
func (r Records[T]) Names() (names []string) {
	files, _ := os.ReadDir(r.dir)
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".json"); ok && CheckName(name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// dangling is an error where path is a symbolic link to nothing: what it stood
// for has been taken away, which is not the same as never having been.
func dangling(path string) error {
	if _, err := os.Lstat(path); err != nil {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is a link to nothing; restore what it leads to, or remove it", path)
	}
	return nil
}
