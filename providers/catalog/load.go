package catalog

import (
	"embed"
	"errors"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/authtray/authtray/providers/name"
)

//go:embed entries/*.toml
var builtin embed.FS

// Catalogue is what is known of providers. It does not change once loaded; safe
// for concurrent use. Of the entries that come with the program those are parsed
// that are asked for: all of them take nearly as much memory as the rest of an idle
// agent.
type Catalogue struct {
	mu       sync.Mutex
	loader   loader
	resolved map[string]*Entry // by what Resolve was asked for
}

// LoadCatalogue reads the entries that come with the program, and the user's own
// *.toml in userDir ("" or absent: none), which add entries or take the place of
// ours of the same id. An entry may extend another; one that extends its own id
// extends ours. Each fault is a *FileError; an entry with a fault is left out and
// hides no other.
func LoadCatalogue(userDir string) (*Catalogue, []error) {
	users, errs := readUserEntries(userDir)
	l := loader{ours: map[string]tomlFile{}, users: users, done: map[string]*Entry{}, failed: map[string]bool{}, errs: errs}
	for _, id := range sortedKeys(users) {
		l.load(id, nil)
	}
	return &Catalogue{loader: l, resolved: map[string]*Entry{}}, l.errs
}

// IDs are those of all entries, sorted.
func (c *Catalogue) IDs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := slices.Collect(maps.Keys(c.loader.users))
	for id := range ourIDs() {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return c.loader.failed[id] })
}

// Entry returns the entry of an id, with its variables unfilled.
func (c *Catalogue) Entry(id string) (Entry, bool) {
	e, ok := c.entry(id)
	if !ok {
		return Entry{}, false
	}
	return e.Clone(), true
}

// entry is Entry, for who does not change it.
func (c *Catalogue) entry(id string) (*Entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.loader.has(id) {
		return nil, false
	}
	return c.loader.load(id, nil)
}

// all are the entries, sorted by id.
func (c *Catalogue) all() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for _, id := range c.IDs() {
			if e, ok := c.entry(id); ok && !yield(e) {
				return
			}
		}
	}
}

// List returns all entries, sorted by id.
func (c *Catalogue) List() []Entry {
	var list []Entry
	for e := range c.all() {
		list = append(list, e.Clone())
	}
	return list
}

func readUserEntries(dir string) (map[string]tomlFile, []error) {
	if dir == "" {
		return nil, nil
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return readEntries(os.DirFS(dir), ".", dir, func(name string) ([]byte, error) {
		return ReadRegular(filepath.Join(dir, name), checkFile)
	})
}

// readEntries parses the *.toml of a folder, by the id that each gives itself.
func readEntries(fsys fs.FS, dir, shown string, read func(name string) ([]byte, error)) (map[string]tomlFile, []error) {
	names, err := fs.Glob(fsys, path.Join(dir, "*.toml"))
	if err == nil {
		_, err = fs.ReadDir(fsys, dir)
	}
	if err != nil {
		return nil, []error{&FileError{File: shown, Problem: "the folder cannot be read: " + err.Error(), Err: err}}
	}
	files, errs := map[string]tomlFile{}, []error(nil)
	for _, name := range names {
		f, id, err := readEntry(read, name, filepath.Join(shown, path.Base(name)))
		if err == nil && files[id].name != "" {
			err = f.at(problem{"id", "is also the id of " + files[id].name + "; take another"})
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		files[id] = f
	}
	return files, errs
}

func readEntry(read func(name string) ([]byte, error), path, shown string) (tomlFile, string, error) {
	data, err := read(path)
	if err != nil {
		return tomlFile{}, "", &FileError{File: shown, Problem: withoutPath(err), Err: err}
	}
	f, err := readTOML(shown, data)
	if err != nil {
		return f, "", err
	}
	id, _ := f.table["id"].(string)
	if !name.Valid(id) {
		return f, "", f.at(problem{"id", "is missing, or not " + name.Rule})
	}
	return f, id, nil
}

// maxFile is how large a configuration file may be, in bytes.
const maxFile = 256 << 10

// loader resolves "extends" in whatever order the files come.
type loader struct {
	ours, users map[string]tomlFile // of ours those that were asked for
	done        map[string]*Entry
	failed      map[string]bool
	errs        []error
}

// ourIDs are the entries that come with the program: each file is called by its id.
var ourIDs = sync.OnceValue(func() map[string]bool {
	ids := map[string]bool{}
	files, _ := builtin.ReadDir("entries")
	for _, f := range files {
		ids[strings.TrimSuffix(f.Name(), ".toml")] = true
	}
	return ids
})

func (l *loader) has(id string) bool { return l.users[id].name != "" || ourIDs()[id] }

// our is the entry of an id that comes with the program; the zero tomlFile for none.
func (l *loader) our(id string) tomlFile {
	if f, ok := l.ours[id]; ok || !ourIDs()[id] {
		return f
	}
	f, _, err := readEntry(builtin.ReadFile, "entries/"+id+".toml", "entries/"+id+".toml")
	if err != nil {
		l.errs = append(l.errs, err)
	}
	l.ours[id] = f
	return f
}

// load resolves the entry of an id: the user's where there is one.
func (l *loader) load(id string, path []string) (*Entry, bool) {
	if e, ok := l.done[id]; ok || l.failed[id] {
		return e, ok
	}
	f, own := l.users[id]
	if !own {
		f = l.our(id)
	}
	e, ok := l.resolve(f, append(path, id))
	if !ok {
		l.failed[id] = true
		return nil, false
	}
	e.Origin, e.Replaces = "", false
	if own {
		e.Origin, e.Replaces = f.name, ourIDs()[id]
	}
	l.done[id] = &e
	delete(l.ours, id)
	return &e, true
}

func (l *loader) resolve(f tomlFile, path []string) (Entry, bool) {
	e, err := l.base(f, path)
	if f.table["steps"] != nil {
		e.withoutSourcesOfSteps()
	}
	if err == nil {
		err = overlay(&e, f.table)
	}
	if err != nil {
		return e, l.fail(f, err)
	}
	if e.Extends != "" {
		e.Vars = e.VarsFor(nil) // without those whose every place was taken
	}
	ok := true
	for _, p := range e.check() {
		ok = l.fail(f, p)
	}
	return e, ok
}

// base is the entry that a file extends; the zero entry where it extends none.
func (l *loader) base(f tomlFile, path []string) (Entry, error) {
	want, _ := f.table["extends"].(string)
	self := path[len(path)-1]
	switch {
	case want == "":
		return Entry{}, nil
	case want == self && f.name == l.users[self].name && ourIDs()[self]:
		e, ok := l.resolve(l.our(self), append(path, self+" (ours)"))
		return e.Clone(), extendError(ok, want)
	case !l.has(want):
		return Entry{}, problem{"extends", "there is no entry " + want}
	}
	for _, p := range path {
		if p == want {
			return Entry{}, problem{"extends", "goes round in a circle: " + strings.Join(append(path, want), " → ")}
		}
	}
	from, ok := l.load(want, path)
	if !ok {
		return Entry{}, extendError(false, want)
	}
	e := from.Clone()
	e.Aliases, e.Sites = nil, nil // they are of that one
	return e, nil
}

// withoutSourcesOfSteps is for an entry with steps of its own: where those of the one
// that it extends were read says nothing of them.
func (e *Entry) withoutSourcesOfSteps() {
	ofStep := func(path string) bool { return path == "steps" || strings.HasPrefix(path, "steps.") }
	e.Unverified = slices.DeleteFunc(e.Unverified, ofStep)
	maps.DeleteFunc(e.Sources, func(path, _ string) bool { return ofStep(path) })
}

func extendError(ok bool, id string) error {
	if ok {
		return nil
	}
	return problem{"extends", "the entry " + id + " has an error; fix that first"}
}

func (l *loader) fail(f tomlFile, err error) bool {
	l.errs = append(l.errs, f.at(err))
	return false
}

// Clone copies an entry with everything in it. An empty list or table becomes none.
func (e Entry) Clone() Entry {
	return clone(reflect.ValueOf(e)).Interface().(Entry)
}

func clone(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(clone(v.Field(i)))
		}
	case reflect.Slice:
		for i := range v.Len() {
			out = reflect.Append(out, clone(v.Index(i)))
		}
	case reflect.Map:
		if v.Len() > 0 {
			out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		}
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(it.Key(), clone(it.Value()))
		}
	default:
		out.Set(v)
	}
	return out
}
