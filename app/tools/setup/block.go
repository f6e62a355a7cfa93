package setup

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens/store/atomicfile"
)

// block is a step that is lines at the end of a file.
type block struct {
	path  string
	lines []string
	about string // what it is, without what the user may have written there
	// mine says of a line of the file that it begins, or is, what the block is
	// about: the file's section of that name, its entry for that host.
	mine func(line string) bool
}

func (b block) Lines() []string {
	return append([]string{"# in " + b.path + ":"}, b.lines...)
}

func (b block) Write(context.Context) (bool, error) {
	text, _, err := current(b.path)
	if err != nil {
		return false, err
	}
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	for i, line := range lines {
		if !b.mine(strings.TrimSpace(line)) {
			continue
		}
		if b.standsAt(lines[i:]) {
			return false, nil
		}
		return false, clash("%s has %s already, and otherwise: change it there, or take it out and run this again", b.path, b.about)
	}
	return true, replace(b.path, join(string(text), b.lines))
}

func (b block) standsAt(lines []string) bool {
	if len(lines) < len(b.lines) {
		return false
	}
	for i, want := range b.lines {
		if strings.TrimSpace(lines[i]) != strings.TrimSpace(want) {
			return false
		}
	}
	return true
}

// join adds lines to a text, after an empty one where they are several.
func join(text string, lines []string) string {
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if text != "" && len(lines) > 1 {
		text += "\n"
	}
	return text + strings.Join(lines, "\n") + "\n"
}

// current reads a file of another program's that is to be changed, where it is
// there: a regular file of at most 1 MB. What anything else is for, and what it would
// lead to if it were written, is not known here, so it is left alone.
func current(path string) (text []byte, there bool, err error) {
	text, err = catalog.ReadRegular(path, nil)
	_, missing := os.Lstat(path)
	switch {
	case err == nil:
		return text, true, nil
	case errors.Is(err, fs.ErrNotExist) && errors.Is(missing, fs.ErrNotExist):
		return nil, false, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, clash("%s is a link to nothing, so it is left alone: fix the link or remove it, and run this again", path)
	case errors.Is(err, catalog.ErrNotRegular), errors.Is(err, catalog.ErrTooLarge):
		return nil, false, clash("%s %v, so it is left alone: put a file there, and run this again", path, err)
	}
	return nil, false, err
}

// replace writes a file of another program's, with the mode that it had and
// through a link if it is one.
func replace(path, text string) error {
	return atomicfile.Write(path, []byte(text), atomicfile.Options{KeepMode: true, FollowLink: true, MakeFolder: true})
}
