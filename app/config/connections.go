package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/authtray/authtray/providers"
)

// File is what was found of one connection.
type File struct {
	Name       string
	Path       string
	Connection providers.Connection // as parsed; the zero value with Err
	Data       []byte               // as read: tells whether it changed
	Err        error                // why it cannot be used, naming file and line
}

// Connections reads every connection file of a folder, by name. A broken file
// is a File with Err. The error is for the folder as a whole; a folder that is
// not there holds no connections.
func Connections(dir string) (map[string]File, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]File{}, nil
	}
	if err != nil {
		return nil, err
	}
	found := make(map[string]File, len(entries))
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".toml")
		if !ok || strings.HasPrefix(name, ".") {
			continue
		}
		if f, err := Connection(dir, name); !errors.Is(err, fs.ErrNotExist) {
			found[name] = f
		}
	}
	return found, nil
}

// Connection reads one connection file. The error is File.Err; one that wraps
// fs.ErrNotExist means that there is no such file.
func Connection(dir, name string) (File, error) {
	f := File{Name: name, Path: filepath.Join(dir, name+".toml")}
	if f.Err = CheckName(name); f.Err != nil {
		f.Err = fmt.Errorf("%s: %w", f.Path, f.Err)
		return f, f.Err
	}
	if f.Data, f.Err = Read(f.Path); f.Err != nil {
		return f, f.Err
	}
	f.Connection, f.Err = parse(f.Path, name, f.Data)
	return f, f.Err
}

// parse names the whole path in an error: there may be several profiles.
func parse(path, name string, data []byte) (providers.Connection, error) {
	c, err := providers.ParseConnection(name, data)
	var fault *providers.FileError
	if errors.As(err, &fault) {
		err = &providers.FileError{File: path, Line: fault.Line, Problem: fault.Problem}
	}
	return c, err
}

// WriteConnection adds or replaces the file of c.Name, and touches no other. What
// is written has been read back first: what the parser refuses is not written.
func WriteConnection(dir string, c providers.Connection) error {
	if err := CheckName(c.Name); err != nil {
		return err
	}
	data, err := providers.MarshalConnection(c)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, c.Name+".toml")
	if _, err := parse(path, c.Name, data); err != nil {
		return err
	}
	return Write(path, data)
}

// RemoveConnection removes the file of a connection, and nothing else.
func RemoveConnection(dir, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	return Remove(filepath.Join(dir, name+".toml"))
}
