package gate

import (
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/authtray/authtray/app/socket"
)

// subject is the program that a question is about.
type subject struct {
	Program
	ours bool // the agent's own window: it shows what the user clicked
	weak bool // never to be allowed for good
}

// generations bounds how far up the programs that started authtray are looked at.
const generations = 8

// about finds the program behind a caller: the caller, or the nearest one above
// it where the caller is authtray.
func (s *sums) about(peer socket.Peer) (subject, error) {
	p, err := s.look(peer.PID, peer.Exe)
	if err != nil {
		return subject{}, err
	}
	for range generations {
		if !s.isOwn(p) {
			return subject{Program: p, weak: !lasting(p)}, nil
		}
		if p.parent == os.Getpid() {
			return subject{Program: p, ours: true}, nil
		}
		above, err := s.look(p.parent, "")
		if err != nil || p.parent <= 1 { // who started it has ended
			break
		}
		p = above
	}
	return subject{Program: p, weak: true}, nil
}

// lasting says whether an answer about a program can be for good.
func lasting(p Program) bool {
	return p.Sum != "" && filepath.IsAbs(p.Exe) && !strings.HasSuffix(p.Exe, " (deleted)") && !doesWhatItIsTold(p.Exe)
}

// isOwn tells authtray itself, also under another name.
func (s *sums) isOwn(p Program) bool {
	return own(p.Exe) || p.Sum != "" && p.Sum == ownSum()
}

func own(exe string) bool {
	name := strings.TrimSuffix(filepath.Base(exe), " (deleted)")
	name = strings.TrimSuffix(strings.ToLower(name), ".exe")
	return name == "authtray" || name == "authtray-window"
}

// ownSum is that of this program as it runs.
var ownSum = sync.OnceValue(func() string {
	p, err := (&sums{}).look(os.Getpid(), "")
	if err != nil || p.Sum == "" {
		return "-"
	}
	return p.Sum
})

// Parent is the program for which authtray asks, if the caller is authtray; for
// the record. ok is false where the caller is another program.
func Parent(peer socket.Peer) (pid int, exe string, ok bool) {
	if !own(peer.Exe) {
		return 0, "", false
	}
	return above(peer.PID)
}
