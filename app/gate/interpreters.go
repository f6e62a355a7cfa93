package gate

import (
	"path/filepath"
	"slices"
	"strings"
)

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
