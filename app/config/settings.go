package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"strconv"

	"github.com/pelletier/go-toml/v2"
)

// Settings is settings.toml. What it does not say has its default.
type Settings struct {
	Notifications bool `toml:"notifications"` // say when a connection needs the user [true]
	Reminders     bool `toml:"reminders"`     // say it again while it does [false]

	APIListen any `toml:"api_listen"` // of older versions, which served api/ over TCP; it is told to be gone
}

// DefaultSettings are those of a file that says nothing.
func DefaultSettings() Settings { return Settings{Notifications: true} }

// ReadSettings reads the settings file strictly: a field that is not known is
// an error with file and line. A file that is not there gives the defaults.
func ReadSettings(path string) (Settings, error) {
	s := DefaultSettings()
	data, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	return parseSettings(path, data)
}

func parseSettings(path string, data []byte) (Settings, error) {
	s := DefaultSettings()
	dec := toml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))).DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return DefaultSettings(), where(path, err)
	}
	return s, nil
}

// where names file and line of a TOML error.
func where(path string, err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		e := unknown.Errors[0]
		row, _ := e.Position()
		return fmt.Errorf("%s:%d: %q is not a setting; there are notifications and reminders", path, row, key(e.Key()))
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		row, _ := wrong.Position()
		return fmt.Errorf("%s:%d: %w", path, row, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

func key(k toml.Key) string {
	var b bytes.Buffer
	for i, part := range k {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}

// WriteSettings changes the settings in a file and leaves its other lines and
// comments as they are. A file that cannot be read is not written over, and what
// is written has been read back first. undo puts the file back as it was.
func WriteSettings(path string, s Settings) (undo func() error, err error) {
	old, err := Read(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return nil, err
	}
	want, err := parseSettings(path, old)
	if err != nil {
		return nil, fmt.Errorf("the settings are left as they are: %w", err)
	}
	want.Notifications, want.Reminders = s.Notifications, s.Reminders
	data := assign(bytes.Clone(old), "notifications", s.Notifications)
	data = assign(data, "reminders", s.Reminders)
	if got, err := parseSettings(path, data); err != nil || !reflect.DeepEqual(got, want) {
		return nil, fmt.Errorf("%s is written in a way that cannot be changed from here; edit it by hand", path)
	}
	if fresh {
		return func() error { return Remove(path) }, Write(path, data)
	}
	return func() error { return Write(path, old) }, Write(path, data)
}

// assign sets one key of a flat file, in place where it stands already.
func assign(data []byte, key string, value bool) []byte {
	line := regexp.MustCompile(fmt.Sprintf(`(?m)^([ \t]*(?:%[1]s|"%[1]s"|'%[1]s')[ \t]*=[ \t]*)(true|false)`, key))
	word := strconv.FormatBool(value)
	if line.Match(data) {
		return line.ReplaceAll(data, []byte("${1}"+word))
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		data = append(data, '\n')
	}
	return append(data, (key + " = " + word + "\n")...)
}
