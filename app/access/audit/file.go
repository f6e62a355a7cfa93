package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/authtray/authtray/app/config"
)

const (
	// maxFile is how large a file may grow before the next one is begun, in bytes.
	maxFile = 1 << 20
	// keptFiles is how many older files are kept beside it.
	keptFiles = 2
)

// Path is where the record of a state folder is.
func Path(dir string) string { return filepath.Join(dir, "audit.jsonl") }

func older(path string, n int) string { return path + "." + strconv.Itoa(n) }

// file is the file that is written to. It is opened at the first use, and again
// after a failure.
type file struct {
	path string
	f    *os.File // nil: not open
	size int64
}

// append adds whole lines. After an error none of them counts as written.
func (f *file) append(lines []byte) error {
	if err := f.ready(len(lines)); err != nil {
		return err
	}
	n, err := f.f.Write(lines)
	f.size += int64(n)
	if err != nil {
		f.close() // the next one completes the line that was torn
	}
	return err
}

func (f *file) ready(more int) error {
	if f.f != nil && f.size+int64(more) > maxFile && f.size > 0 {
		if err := f.rotate(); err != nil {
			return err
		}
	}
	if f.f == nil {
		return f.openForAppend()
	}
	return nil
}

func (f *file) openForAppend() error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	opened, err := config.OpenState(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE)
	if err != nil {
		return err
	}
	info, err := opened.Stat()
	if err == nil {
		err = endLine(opened, info.Size())
	}
	if err != nil {
		opened.Close()
		return err
	}
	f.f, f.size = opened, info.Size()
	return nil
}

// endLine ends a line that was torn, so that the next one is not lost with it.
func endLine(f *os.File, size int64) error {
	if size == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, size-1); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if last[0] == '\n' {
		return nil
	}
	_, err := f.Write([]byte("\n"))
	return err
}

func (f *file) rotate() error {
	if err := f.close(); err != nil {
		return err
	}
	for n := keptFiles - 1; n >= 0; n-- {
		from := f.path
		if n > 0 {
			from = older(f.path, n)
		}
		if err := os.Rename(from, older(f.path, n+1)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f *file) close() error {
	if f.f == nil {
		return nil
	}
	err := f.f.Close()
	f.f, f.size = nil, 0
	return err
}

// Tail is the last n records of a state folder, oldest first, as they are in its
// files. A line that is torn or no record is skipped; a folder without a record
// has none. It works beside a running agent.
func Tail(dir string, n int) ([]Record, error) {
	path := Path(dir)
	var newest []Record // newest first
	for i := 0; i <= keptFiles && len(newest) < n; i++ {
		from := path
		if i > 0 {
			from = older(path, i)
		}
		data, err := readFile(from)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		newest = gatherLast(newest, data, n)
	}
	slices.Reverse(newest)
	return newest, nil
}

// readFile reads what may be a little larger than maxFile: a batch of lines is kept
// together.
func readFile(path string) ([]byte, error) {
	f, err := config.OpenState(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 2*maxFile))
}

// gatherLast adds the records of data from its end, until there are n.
func gatherLast(newest []Record, data []byte, n int) []Record {
	for len(data) > 0 && len(newest) < n {
		data = bytes.TrimSuffix(data, []byte("\n"))
		start := bytes.LastIndexByte(data, '\n') + 1
		if r, ok := parse(data[start:]); ok {
			newest = append(newest, r)
		}
		data = data[:start]
	}
	return newest
}

func parse(line []byte) (Record, bool) {
	var r Record
	if json.Unmarshal(line, &r) != nil {
		return Record{}, false
	}
	return r, !r.Time.IsZero() || r.Dropped > 0
}
