package catalog

import (
	"fmt"
	"io/fs"
)

// openAtOnce: nothing that is opened here waits.
const openAtOnce = 0

// checkFile refuses what cannot be a configuration file. Who may write it is
// left to the access list of the user's profile folder.
func checkFile(info fs.FileInfo) error {
	if info.Size() > maxFile {
		return fmt.Errorf("is larger than %d kB; this cannot be a configuration file", maxFile>>10)
	}
	return nil
}

// checkOwner leaves who may write a file to its access list.
func checkOwner(fs.FileInfo) error { return nil }
