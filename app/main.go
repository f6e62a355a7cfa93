package app

import (
	"runtime/debug"

	"github.com/authtray/authtray/app/cli"
)

// WindowMain shows the window and returns when it is closed. It is nil in builds
// that carry no window; cgo builds set it before Main. It is called on the main
// goroutine.
var WindowMain func() error

// Main runs the command line in os.Args and returns its exit code.
func Main(version string) int { return cli.RunCommands(version, WindowMain) }

// Version is what was built: the one that the linker was told, else the
// module's, else the revision.
func Version(linked string) string {
	info, ok := debug.ReadBuildInfo()
	if linked != "" || !ok {
		return linked
	}
	return buildVersion(info)
}

func buildVersion(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, set := range info.Settings {
		if set.Key == "vcs.revision" && len(set.Value) >= 12 {
			return "devel-" + set.Value[:12]
		}
	}
	return "devel"
}
