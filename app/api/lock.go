package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/authtray/authtray/tokens/client"
)

// Holder is who holds the lock of a state folder, as its file tells.
type Holder struct {
	PID    int    `json:"pid,omitempty"`
	Socket string `json:"socket,omitempty"` // where it answers; "": nowhere
	Host   string `json:"host,omitempty"`   // the computer's name: a home folder can be one of several computers
}

// Lock makes this process the one that uses the state folder, until it is
// unlocked or the process ends, however it ends: the kernel keeps the lock, not
// the file. ErrRunning: there is one already.
func Lock(path string) (unlock func() error, err error) { return lock(path, Holder{PID: os.Getpid()}) }

// LockFor is Lock for an agent, and tells in the file where it will answer.
func LockFor(path, socket string) (unlock func() error, err error) {
	return lock(path, Holder{PID: os.Getpid(), Socket: socket})
}

func lock(path string, h Holder) (unlock func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the state folder cannot be made: %w", err)
	}
	l := flock.New(path, flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err != nil {
		return nil, lockError(filepath.Dir(path), err)
	}
	if !ok {
		return nil, fmt.Errorf("%w (%s is locked)", ErrRunning, path)
	}
	h.Host, _ = os.Hostname()
	writeHolder(path, h)
	return func() error {
		writeHolder(path, Holder{})
		return l.Unlock()
	}, nil
}

// lockError is why a lock cannot be taken. Some file systems of networks have none.
func lockError(folder string, err error) error {
	for _, none := range []error{syscall.ENOLCK, syscall.EOPNOTSUPP, syscall.ENOSYS} {
		if errors.Is(err, none) {
			return fmt.Errorf("files in %s cannot be locked, as on some network drives: set AUTHTRAY_STATE to a folder on a disk of this computer (%w)", folder, err)
		}
	}
	return fmt.Errorf("the lock of the state folder cannot be taken: %w", err)
}

// The holder stands in one line of JSON behind the file's first byte: that byte
// is what flock locks on Windows, where nobody else can then read or write it.
const holderAt = 1

// maxHolder is more than a holder's line takes.
const maxHolder = 8 << 10

// writeHolder tells who holds the lock, in the state folder and in no file that a
// link there leads to. The lock holds without that too: on a full disk, say, where the
// file then names nobody, and not who held the lock before.
func writeHolder(path string, h Holder) {
	folder, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return
	}
	defer folder.Close()
	f, err := folder.OpenFile(filepath.Base(path), os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	line, err := json.Marshal(h)
	if err != nil {
		return
	}
	_, _ = f.WriteAt([]byte{' '}, 0) // refused on Windows; without it there is a NUL
	if _, err := f.WriteAt(append(line, '\n'), holderAt); err != nil {
		_ = f.Truncate(holderAt)
	}
}

// ReadHolder reads who holds the lock of a state folder; ok says that the file
// names somebody. It is a hint: a process that was killed left its own line, so
// only an answer at Socket says that it runs. It is for clients that find no socket
// where they look; the tests of the file read it with this, too.
func ReadHolder(path string) (h Holder, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return Holder{}, false
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, holderAt, maxHolder))
	if err != nil {
		return Holder{}, false
	}
	line, _, _ := bytes.Cut(text, []byte("\n")) // what follows is the rest of a longer line
	if json.Unmarshal(line, &h) != nil || h.PID <= 0 {
		return Holder{}, false
	}
	return h, true
}

// OnAnotherComputer is why no agent answers here while the lock is held: its holder runs on
// another computer, with the same home folder. It is nil where it runs on this one,
// and where nobody holds the lock.
func OnAnotherComputer(path string) error {
	here, _ := os.Hostname()
	h, ok := ReadHolder(path)
	if !ok || h.Host == "" || h.Host == here {
		return nil
	}
	return fmt.Errorf("the agent of this home folder runs on the computer %q, and one at a time keeps the grants: end it there, or use a profile of your own here (AUTHTRAY_PROFILE=NAME)", h.Host)
}

// AgentOf is the agent of a profile as its commands find it: at socket, which follows
// from the environment, or where nobody answers there and AUTHTRAY_SOCKET is not set,
// where the holder of the lock says. A shell of su or of a container may have
// another XDG_RUNTIME_DIR than the agent; whoever sets AUTHTRAY_SOCKET means it.
func AgentOf(socket, lock string) client.Agent {
	return client.Agent{Dial: func(ctx context.Context) (net.Conn, error) {
		conn, err := client.Dial(ctx, socket)
		if !errors.Is(err, client.ErrNoAgent) || os.Getenv("AUTHTRAY_SOCKET") != "" {
			return conn, err
		}
		holder, ok := ReadHolder(lock)
		if !ok || holder.Socket == "" || holder.Socket == socket {
			return nil, err
		}
		if other, _ := client.Dial(ctx, holder.Socket); other != nil {
			return other, nil
		}
		return nil, err
	}}
}
