package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// FileError is a fault in a file: one sentence that says where it is and what to
// do. It holds no value from the file, since that might be a secret.
type FileError struct {
	File    string
	Line    int // 0: not known
	Problem string
	Err     error // the cause, if there is one; its text is told to nobody
}

func (e *FileError) Unwrap() error { return e.Err }

func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Problem)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
}

// tomlFile is a TOML document that has been parsed.
type tomlFile struct {
	name  string
	table map[string]any
	data  []byte
}

func readTOML(name string, data []byte) (tomlFile, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // some editors begin a file with a byte order mark
	f := tomlFile{name: name, table: map[string]any{}, data: data}
	if err := toml.Unmarshal(data, &f.table); err != nil {
		return f, syntaxError(name, err)
	}
	return f, nil
}

func syntaxError(name string, err error) error {
	var e *toml.DecodeError
	if !errors.As(err, &e) {
		return &FileError{File: name, Problem: "this is not TOML"}
	}
	line, _ := e.Position()
	return &FileError{File: name, Line: line, Problem: "this is not TOML (" + strings.TrimPrefix(e.Error(), "toml: ") + ")"}
}

// at turns a problem into an error that names its line: that of its field, or of
// the nearest table around it.
func (f tomlFile) at(err error) error {
	var p problem
	if !errors.As(err, &p) {
		return &FileError{File: f.name, Problem: err.Error(), Err: err}
	}
	lines := keyLines(f.data)
	for path := p.path; path != ""; path = parent(path) {
		if line := lines[path]; line > 0 {
			return &FileError{File: f.name, Line: line, Problem: p.Error(), Err: err}
		}
	}
	return &FileError{File: f.name, Problem: p.Error(), Err: err}
}

func parent(path string) string {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)]
}

// keyLines finds the line of each key, by dotted path, of a document that has
// been parsed.
func keyLines(data []byte) map[string]int {
	lines := map[string]int{}
	var p unstable.Parser
	p.Reset(data)
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind == unstable.KeyValue {
			noteKeys(&p, e, table, lines)
			continue
		}
		table = noteKey(&p, e.Key(), "", lines)
	}
	return lines
}

func noteKeys(p *unstable.Parser, e *unstable.Node, table string, lines map[string]int) {
	path := noteKey(p, e.Key(), table, lines)
	if e.Value().Kind != unstable.InlineTable {
		return
	}
	for it := e.Value().Children(); it.Next(); {
		noteKeys(p, it.Node(), path, lines)
	}
}

func noteKey(p *unstable.Parser, key unstable.Iterator, path string, lines map[string]int) string {
	for key.Next() {
		n := key.Node()
		path = join(path, string(n.Data))
		if _, ok := lines[path]; !ok && n.Raw.Length > 0 {
			lines[path] = p.Shape(n.Raw).Start.Line
		}
	}
	return path
}
