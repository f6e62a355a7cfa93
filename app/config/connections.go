package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"

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
	f.Connection, f.Err = providers.ParseConnection(f.Path, f.Data)
	f.Connection.Name = name
	return f, f.Err
}

// WriteConnection adds or replaces the file of c.Name, and touches no other. What
// is written has been read back first: what the parser refuses is not written.
func WriteConnection(dir string, c providers.Connection) error {
	if err := CheckName(c.Name); err != nil {
		return err
	}
	data, err := Encode(c)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, c.Name+".toml")
	if _, err := providers.ParseConnection(path, data); err != nil {
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

// Encode writes a connection as TOML.
func Encode(c providers.Connection) ([]byte, error) {
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(c); err != nil {
		return nil, fmt.Errorf("the connection cannot be written as TOML: %w", err)
	}
	return b.Bytes(), nil
}
