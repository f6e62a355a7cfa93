package app

import (
	"cmp"
	"runtime/debug"
	"strings"

	"github.com/authtray/authtray/app/cli"
	"github.com/authtray/authtray/app/version"
)

// WindowMain shows the window and returns when it is closed. It is nil in builds
// that carry no window; cgo builds set it before Main. It is called on the main
// goroutine.
var WindowMain func() error

// Build is what this program was built of.
type Build = version.Build

// Main runs the command line in os.Args and returns its exit code.
func Main(b Build) int { return cli.RunCommands(b, WindowMain) }

// Built is what the linker was told; what it was not, the go command recorded:
// the version of the module, and revision and time of the checkout, which a module
// fetched from a proxy has in its pseudo-version only.
func Built() Build {
	linked := version.Linked()
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return linked
	}
	found := recorded(info)
	if linked.Version == "" {
		linked.Version = found.Version
	}
	if linked.Commit == "" { // the two go together
		linked.Commit, linked.Date = found.Commit, found.Date
	}
	return linked
}

func recorded(info *debug.BuildInfo) Build {
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	b := Build{Version: strings.TrimPrefix(info.Main.Version, "v"), Commit: short(set["vcs.revision"])}
	b.Date, _, _ = strings.Cut(set["vcs.time"], "T")
	if b.Commit != "" && set["vcs.modified"] == "true" {
		b.Commit += "+changes"
	}
	if b.Version == "(devel)" {
		b.Version = ""
	}
	if b.Commit == "" {
		b.Commit, b.Date = pseudoVersion(b.Version)
	}
	if b.Version == "" {
		b.Version = strings.TrimSuffix(cmp.Or("devel-"+b.Commit, "devel"), "-")
	}
	return b
}

// pseudoVersion reads commit and date of a version such as
// v0.1.1-0.20261128220254-dd03e79f1a2b, see https://go.dev/ref/mod#pseudo-versions.
func pseudoVersion(v string) (commit, date string) {
	v, _, _ = strings.Cut(v, "+")
	words := strings.Split(v, "-")
	if len(words) < 3 {
		return "", ""
	}
	commit, stamp := words[len(words)-1], words[len(words)-2]
	stamp = stamp[strings.LastIndex(stamp, ".")+1:]
	if len(stamp) != 14 || len(commit) != 12 || strings.Trim(stamp, "0123456789") != "" {
		return "", ""
	}
	return commit, stamp[:4] + "-" + stamp[4:6] + "-" + stamp[6:8]
}

func short(revision string) string { return revision[:min(len(revision), 12)] }
