package gate

import (
	"path/filepath"
	"slices"
	"strings"
)

// tellable are programs that do what anybody tells them: to allow one for good would
// allow everybody. Version numbers are left out (python3.12 is python). The list
// knows names, so it cannot know a program that is renamed, a script that is run by
// its own name through an interpreter that is not here, nor whether a program that
// is not listed has a plug-in, a hook or an option that runs others.
var tellable = []struct {
	reason string
	names  []string
}{
	{"an interpreter: it runs the code that it is given", []string{
		"python", "pypy", "node", "nodejs", "deno", "bun", "perl", "ruby", "jruby", "java", "javaw", "php", "lua", "luajit",
		"tclsh", "wish", "expect", "rscript", "r", "julia", "guile", "racket", "sbcl", "erl", "beam.smp", "elixir", "ghc", "runghc",
		"ocaml", "scala", "groovy", "mono", "dotnet", "swift", "osascript", "awk", "gawk", "mawk", "nawk", "m4", "bc", "dc", "gdbus", "jshell"}},
	{"a shell: it runs the commands that it is given", []string{
		"bash", "rbash", "sh", "dash", "ash", "zsh", "fish", "ksh", "mksh", "csh", "tcsh", "elvish", "nu", "xonsh", "busybox", "toybox",
		"pwsh", "powershell", "cmd", "wscript", "cscript", "mshta"}},
	{"it starts the program that its command line names", []string{
		"env", "sudo", "doas", "su", "runuser", "pkexec", "xargs", "parallel", "find", "fd", "nohup", "setsid", "timeout", "script", "screen", "tmux",
		"ssh", "sshd", "systemd", "systemd-run", "init", "cron", "at", "watch", "flock", "unshare", "nsenter", "setpriv", "chroot", "nice", "ionice",
		"chrt", "taskset", "numactl", "prlimit", "stdbuf", "time", "run-parts", "dbus-run-session", "dbus-launch", "gio", "xdg-open", "fakeroot",
		"bwrap", "firejail", "proot", "capsh", "setarch", "linux64", "entr", "start-stop-daemon", "daemonize", "xvfb-run",
		"rundll32", "regsvr32", "wine", "wine64-preloader", "docker", "podman", "open"}},
	{"a debugger: it changes what other programs do", []string{"gdb", "lldb", "strace", "ltrace", "perf", "valgrind"}},
	{"a loader: it runs the file that it is given", []string{
		"ld.so", "ld-linux.so", "ld-linux-x86-64.so", "ld-linux-aarch64.so", "ld-musl-x86_64.so", "ld-musl-aarch64.so"}},
	{"its configuration, hooks, aliases or options start other programs", []string{
		"git", "hg", "svn", "make", "gmake", "ninja", "cmake", "meson", "gcc", "g++", "cc", "c++", "clang", "ld", "go", "cargo", "rustc", "npm", "npx", "yarn", "pnpm",
		"pip", "uv", "mvn", "gradle", "ant", "bazel", "just", "task", "rsync", "tar", "zip", "sqlite", "psql", "mysql", "less", "more", "most", "man",
		"vi", "vim", "nvim", "emacs", "nano", "ed", "ex", "code", "sed", "sort", "split", "rg", "fzf"}},
	{"a browser or its engine: pages and extensions run in it", []string{"chromium", "chrome", "google-chrome", "firefox", "electron"}},
	{"it fetches or passes on whatever it is asked to", []string{
		"curl", "wget", "socat", "nc", "ncat", "netcat", "openssl", "http", "https", "xh", "dd", "cat", "tee", "head", "tail", "telnet"}},
}

// doesWhatItIsTold says of a program why it cannot be allowed for good; "" where it
// can.
func doesWhatItIsTold(exe string) (reason string) {
	name := strings.ToLower(filepath.Base(strings.ReplaceAll(exe, `\`, "/")))
	name = strings.TrimSuffix(name, ".exe")
	if strings.HasPrefix(name, "qemu-") || strings.HasPrefix(name, "ld-") || strings.Contains(name, ".so.") {
		return "a loader: it runs the file that it is given"
	}
	if _, tool, ok := strings.Cut(name, "-linux-gnu-"); ok { // a compiler, named after the machine that it compiles for
		name = tool
	}
	for _, kind := range tellable {
		if slices.Contains(kind.names, name) || slices.Contains(kind.names, bare(name)) {
			return kind.reason
		}
	}
	return ""
}

// bare is a program's name without version and variant: python3.12, lua5.4,
// nc.openbsd, vim.basic, bash-static.
func bare(name string) string {
	name, _, _ = strings.Cut(name, ".")
	name, _, _ = strings.Cut(name, "-")
	return strings.TrimRight(name, "0123456789")
}
