package config

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watching tells an editor's burst of writes from a change: what is reported is
// reported when the folders have been quiet for quietTime.
const quietTime = 150 * time.Millisecond

// rescanInterval is how often a change is assumed that no event told of: file systems
// and kernels lose events, and some have none. It is slow because an idle agent
// must be idle; blindInterval is used where watching does not work at all.
const (
	rescanInterval = 20 * time.Minute
	blindInterval  = 15 * time.Second
)

// Watch sends to the channel that it returns when something in the folders, or a file
// that is linked there, may have changed, until ctx ends. It is a hint: the reader reads
// everything again and compares. A reader that is slow finds one hint, never several.
// Folders that are not there yet are watched once they are.
func Watch(ctx context.Context, log *slog.Logger, dirs ...string) <-chan struct{} {
	w := &watch{log: log, dirs: dirs, hint: make(chan struct{}, 1), followed: map[string]os.FileInfo{}}
	var err error
	if w.fs, err = fsnotify.NewWatcher(); err != nil {
		w.blind(err)
	}
	w.follow()
	go w.run(ctx)
	return w.hint
}

type watch struct {
	log  *slog.Logger
	dirs []string
	fs   *fsnotify.Watcher // nil: watching does not work here
	hint chan struct{}
	told bool

	followed map[string]os.FileInfo // the folders that are watched, as they were then
}

func (w *watch) run(ctx context.Context) {
	if w.fs != nil {
		defer w.fs.Close()
	}
	quiet := time.NewTimer(time.Hour)
	quiet.Stop()
	rescan := time.NewTimer(w.interval())
	defer rescan.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.events():
			quiet.Reset(quietTime)
		case <-w.errors(): // an overflow: events were lost
			quiet.Reset(quietTime)
		case <-rescan.C:
			w.follow()
			w.send()
			rescan.Reset(w.interval())
		case <-quiet.C:
			w.follow()
			w.send()
		}
	}
}

func (w *watch) interval() time.Duration {
	if w.told {
		return blindInterval
	}
	return rescanInterval
}

func (w *watch) events() <-chan fsnotify.Event {
	if w.fs == nil {
		return nil
	}
	return w.fs.Events
}

func (w *watch) errors() <-chan error {
	if w.fs == nil {
		return nil
	}
	return w.fs.Errors
}

func (w *watch) send() {
	select {
	case w.hint <- struct{}{}:
	default:
	}
}

// follow takes up folders that appeared, and those that were replaced.
func (w *watch) follow() {
	if w.fs == nil {
		return
	}
	watched := w.fs.WatchList()
	for _, dir := range append(slices.Clone(w.dirs), w.linked()...) {
		now, err := os.Stat(dir)
		if err != nil || os.SameFile(now, w.followed[dir]) && slices.Contains(watched, dir) {
			continue // on Windows, adding it again would lose what happens meanwhile
		}
		if err := w.fs.Add(dir); err != nil {
			w.blind(err)
			continue
		}
		w.followed[dir] = now
	}
}

// linked are the folders in which files lie that are links in a watched one, as those
// have them whose configuration is kept elsewhere: an edit there is no event here.
func (w *watch) linked() (folders []string) {
	for _, dir := range w.dirs {
		entries, _ := os.ReadDir(dir) // what cannot be read is told of by who reads it
		for _, e := range entries {
			if e.Type()&os.ModeSymlink == 0 || filepath.Ext(e.Name()) != ".toml" {
				continue
			}
			if file, err := filepath.EvalSymlinks(filepath.Join(dir, e.Name())); err == nil {
				folders = append(folders, filepath.Dir(file))
			}
		}
	}
	return folders
}

// blind says once that changes are seen late.
func (w *watch) blind(err error) {
	if !w.told {
		w.log.Warn("changes of the configuration are seen every 15 seconds only: the folders cannot be watched", "err", err)
	}
	w.told = true
}
