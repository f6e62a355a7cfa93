package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"sync"
)

// Program is a process, and what it runs.
type Program struct {
	PID   int
	Start string // when it began, in the system's own words; "" where it does not say
	Exe   string // path of the program; "" where the system does not say
	Sum   string // SHA-256 of what it runs, in hex; "" where it cannot be read

	parent int
}

// same is the same process running the same program, whose file may have been
// removed or replaced meanwhile.
func (p Program) same(q Program) bool {
	return p.PID == q.PID && p.Start == q.Start && p.runs() == q.runs()
}

// runs is what tells its program from others.
func (p Program) runs() string {
	if p.Sum != "" {
		return p.Sum
	}
	return p.Exe
}

// sums knows the SHA-256 of files that did not change since they were read.
type sums struct {
	mu    sync.Mutex
	known map[string]string
}

// maxSums bounds how many are known.
const maxSums = 256

// of reads a program's file.
func (s *sums) of(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a program's file", path)
	}
	stamp := stamp(info)
	s.mu.Lock()
	defer s.mu.Unlock()
	if sum, ok := s.known[stamp]; ok && stamp != "" {
		return sum, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if s.known == nil || len(s.known) >= maxSums {
		s.known = map[string]string{}
	}
	s.known[stamp] = sum
	return sum, nil
}
