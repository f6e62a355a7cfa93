//go:build unix

package address

import "path"

// userTempDir is dir as macOS itself names the user's folder for temporary files:
// /var/folders/XX/YYY/T. ok is false for any other folder, which a shell has put
// into TMPDIR (nix-shell and some terminals do): the agent and its tools have to
// meet in one place.
func userTempDir(dir string) (place string, ok bool) {
	dir = path.Clean(dir)
	if ok, _ := path.Match("/private/var/folders/*/*/T", dir); ok {
		dir = dir[len("/private"):] // where the link /var leads
	}
	ok, _ = path.Match("/var/folders/*/*/T", dir)
	return dir, ok
}
