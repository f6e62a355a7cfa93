// Package register makes the programs that were unpacked into a folder known to
// Windows, for one user and without an administrator: the folder in PATH, an entry in
// the Start menu, one in the list of installed apps. What it does can be taken back.
package register

import "strings"

// withFolder is a PATH with a folder at its end, unless it is in there.
func withFolder(path, folder string) string {
	if path = withoutFolder(path, folder); path == "" {
		return folder
	}
	return strings.TrimSuffix(path, ";") + ";" + folder
}

// withoutFolder is a PATH without a folder, and otherwise as it was: what is in
// quotes, empty or written with variables is somebody's own.
func withoutFolder(path, folder string) string {
	entries := strings.Split(path, ";")
	kept := entries[:0]
	for _, entry := range entries {
		if !strings.EqualFold(strings.TrimRight(strings.Trim(entry, `"`), `\`), strings.TrimRight(folder, `\`)) {
			kept = append(kept, entry)
		}
	}
	return strings.Join(kept, ";")
}
