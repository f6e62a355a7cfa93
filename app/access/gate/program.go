package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// tellable are programs that do what they are told: interpreters, shells,
// programs that start others, and those that fetch or pass on whatever they are
// asked to. To allow one for good would allow everybody. Version numbers are
// left out (python3.12 is python).
var tellable = []string{
	// languages
	"python", "pypy", "node", "nodejs", "deno", "bun", "perl", "ruby", "jruby", "java", "javaw", "php", "lua", "luajit",
	"tclsh", "wish", "expect", "rscript", "r", "julia", "guile", "racket", "sbcl", "erl", "beam.smp", "elixir", "ghc", "runghc",
	"ocaml", "scala", "groovy", "mono", "dotnet", "swift", "osascript", "awk", "gawk", "mawk", "nawk", "sed", "m4", "bc", "emacs", "vim", "nvim",
	// shells
	"bash", "rbash", "sh", "dash", "ash", "zsh", "fish", "ksh", "mksh", "csh", "tcsh", "elvish", "nu", "xonsh", "busybox", "toybox",
	"pwsh", "powershell", "cmd", "wscript", "cscript", "mshta",
	// programs that start others
	"env", "sudo", "doas", "su", "xargs", "find", "nohup", "setsid", "timeout", "script", "screen", "tmux", "make", "ninja", "ssh", "sshd",
	"systemd", "init", "cron", "at", "gdb", "lldb", "strace", "ltrace", "wine", "wine64-preloader", "rundll32",
	"ld.so", "ld-linux.so", "ld-linux-x86-64.so", "ld-linux-aarch64.so", "ld-musl-x86_64.so", "ld-musl-aarch64.so",
	// programs that fetch or pass on
	"curl", "wget", "socat", "nc", "ncat", "netcat", "openssl", "http", "https", "xh",
}

// doesWhatItIsTold says of a program whether it runs or fetches anybody's
// choice.
func doesWhatItIsTold(exe string) bool {
	name := strings.ToLower(filepath.Base(strings.ReplaceAll(exe, `\`, "/")))
	name = strings.TrimSuffix(name, ".exe")
	if strings.HasPrefix(name, "qemu-") || strings.HasPrefix(name, "ld-") || strings.Contains(name, ".so.") {
		return true
	}
	return slices.Contains(tellable, name) || slices.Contains(tellable, bare(name))
}

// bare is a program's name without version and variant: python3.12, lua5.4,
// nc.openbsd, vim.basic, bash-static.
func bare(name string) string {
	name, _, _ = strings.Cut(name, ".")
	name, _, _ = strings.Cut(name, "-")
	return strings.TrimRight(name, "0123456789")
}
