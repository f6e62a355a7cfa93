package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/name"
)

// File is what was found of one connection.
type File struct {
	Name       string
	Path       string
	Connection catalog.Connection // as parsed; the zero value with Err
	Data       []byte             // as read: tells whether it changed
	Err        error              // why it cannot be used, naming file and line
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
		f, err := Connection(dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			if f.Err = dangling(f.Path); f.Err == nil {
				continue // it went meanwhile
			}
		}
		found[name] = f
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
func parse(path, name string, data []byte) (catalog.Connection, error) {
	c, err := catalog.ParseConnection(name, data)
	var fault *catalog.FileError
	if errors.As(err, &fault) {
		err = &catalog.FileError{File: path, Line: fault.Line, Problem: fault.Problem, Err: fault.Err}
	}
	return c, err
}

// WriteConnection adds the file of c.Name, or changes the keys in it that have another
// value now; comments and order stay. It touches no other file. What is written has been read back first: what the parser refuses is not written.
func WriteConnection(dir string, c catalog.Connection) error {
	if err := CheckName(c.Name); err != nil {
		return err
	}
	data, err := catalog.MarshalConnection(c)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, c.Name+".toml")
	if old, err := Read(path); err == nil {
		data = edited(old, data)
	}
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

// errName is wrapped by every error of CheckName.
var errName = errors.New("not a usable name")

// CheckName says what is wrong with the name of a connection or a profile.
func CheckName(s string) error {
	switch {
	case name.Reserved(s):
		return fmt.Errorf("%w: %q is a device's name on Windows, where no file can be called so: choose another", errName, shorten(s))
	case !name.Valid(s):
		return fmt.Errorf("%w: %q: use %s", errName, shorten(s), name.Rule)
	}
	return nil
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:64]) + "…"
	}
	return s
}
