//go:build !windows

package catalog

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestReadRegularReadsFilesOfOneMegabyteAndNothingElse(t *testing.T) {
	write := func(size int) func(path string) error {
		return func(path string) error { return os.WriteFile(path, make([]byte, size), 0o600) }
	}
	pipe := func(path string) error { return syscall.Mkfifo(path, 0o600) }
	link := func(to func(path string) error) func(path string) error {
		return func(path string) error { return errors.Join(to(path+".to"), os.Symlink(path+".to", path)) }
	}
	for _, tt := range []struct {
		name string
		make func(path string) error
		want error
	}{
		{"a file", write(10), nil},
		{"an empty file", write(0), nil},
		{"a link to a file", link(write(10)), nil},
		{"1 MB", write(MaxRead), nil},
		{"more than 1 MB", write(MaxRead + 1), ErrTooLarge},
		{"a named pipe", pipe, ErrNotRegular},
		{"a link to a named pipe", link(pipe), ErrNotRegular},
		{"a folder", func(path string) error { return os.Mkdir(path, 0o700) }, ErrNotRegular},
		{"a device", func(path string) error { return os.Symlink("/dev/zero", path) }, ErrNotRegular},
		{"nothing", func(string) error { return nil }, fs.ErrNotExist},
		{"a link to nothing", link(func(string) error { return nil }), fs.ErrNotExist},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			if err := tt.make(path); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadRegular(path, nil); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// A file that becomes a named pipe after it was looked at is opened as one.
func TestANamedPipeIsOpenedWithoutWaitingForItsWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

func TestAnEntryThatIsNoRegularFileCostsNoOther(t *testing.T) {
	dir := userFolder(t, map[string]string{"a.toml": "id = \"a\"\nname = \"A\"\ntoken = \"https://a.example/token\"\n"})
	if err := syscall.Mkfifo(filepath.Join(dir, "b.toml"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, errs := LoadCatalogue(dir)
	if _, ok := c.Entry("a"); !ok {
		t.Error("the good entry is not there")
	}
	if want := filepath.Join(dir, "b.toml") + ": is not a regular file"; len(errs) != 1 || errs[0].Error() != want {
		t.Errorf("told %v, want %s", errs, want)
	}
}

func TestFilesThatOthersMayWriteAreRefused(t *testing.T) {
	dir := userFolder(t, map[string]string{"a.toml": "id = \"a\"\nname = \"A\"\ntoken = \"https://a.example/token\"\n"})
	for _, mode := range []os.FileMode{0o620, 0o602, 0o666} {
		if err := os.Chmod(filepath.Join(dir, "a.toml"), mode); err != nil {
			t.Fatal(err)
		}
		c, errs := LoadCatalogue(dir)
		if _, ok := c.Entry("a"); ok || len(errs) != 1 || !strings.Contains(errs[0].Error(), "may be written by others; run: chmod go-w") {
			t.Errorf("%o: %v", mode, errs)
		}
	}
}
