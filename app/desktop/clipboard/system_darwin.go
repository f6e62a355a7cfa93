package clipboard

import "crypto/sha256"

func system() board {
	return tools{tool{put: []string{"/usr/bin/pbcopy"}, get: []string{"/usr/bin/pbpaste"}, empty: []string{"/usr/bin/pbcopy"}}, new([sha256.Size]byte)}
}
