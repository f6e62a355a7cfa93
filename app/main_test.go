package app

import (
	"runtime/debug"
	"testing"

	"github.com/authtray/authtray/app/version"
)

func TestRecordedBuildIsNamedAsFarAsItIsKnown(t *testing.T) {
	set := func(pairs ...string) (all []debug.BuildSetting) {
		for i := 0; i < len(pairs); i += 2 {
			all = append(all, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
		}
		return all
	}
	const revision = "dd03e79f1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d"
	for _, c := range []struct {
		name, module string
		settings     []debug.BuildSetting
		want         Build
	}{
		{"a tag, from a proxy", "v1.2.3", nil, Build{Version: "1.2.3"}},
		{"a commit, from a proxy", "v1.2.4-0.20261128220254-dd03e79f1a2b", nil, Build{Version: "1.2.4-0.20261128220254-dd03e79f1a2b", Commit: "dd03e79f1a2b", Date: "2026-11-28"}},
		{"a commit before any tag", "v0.0.0-20261128220254-dd03e79f1a2b", nil, Build{Version: "0.0.0-20261128220254-dd03e79f1a2b", Commit: "dd03e79f1a2b", Date: "2026-11-28"}},
		{"a pre-release", "v1.2.3-rc.1", nil, Build{Version: "1.2.3-rc.1"}},
		{"a pre-release with hyphens", "v1.2.3-a-b-c", nil, Build{Version: "1.2.3-a-b-c"}},
		{"a checkout", "(devel)", set("vcs.revision", revision, "vcs.time", "2026-11-28T22:02:54Z", "vcs.modified", "false"), Build{Version: "devel-dd03e79f1a2b", Commit: "dd03e79f1a2b", Date: "2026-11-28"}},
		{"a checkout with changes", "", set("vcs.revision", revision, "vcs.time", "2026-11-28T22:02:54Z", "vcs.modified", "true"), Build{Version: "devel-dd03e79f1a2b+changes", Commit: "dd03e79f1a2b+changes", Date: "2026-11-28"}},
		{"without version control", "(devel)", nil, Build{Version: "devel"}},
		{"nothing", "", nil, Build{Version: "devel"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := recorded(&debug.BuildInfo{Main: debug.Module{Version: c.module}, Settings: c.settings}); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestLinkersWordCountsBeforeWhatTheGoCommandRecorded(t *testing.T) {
	defer func(n, c, d string) { version.Number, version.Commit, version.Date = n, c, d }(version.Number, version.Commit, version.Date)
	version.Number, version.Commit, version.Date = "1.2.3", "0123456789ab", "2026-11-28"
	if got, want := Built(), (Build{Version: "1.2.3", Commit: "0123456789ab", Date: "2026-11-28"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
