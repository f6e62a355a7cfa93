package config

import (
	"errors"
	"fmt"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/windows"
)

// openState: there is nothing to add.
const openState = 0

// ErrWritable is wrapped by the error for a file or folder that is not this
// user's alone to write.
var ErrWritable = errors.New("other users may write it")

// anybody are the groups that stand for other people.
var anybody = []windows.WELL_KNOWN_SID_TYPE{
	windows.WinWorldSid, windows.WinAuthenticatedUserSid, windows.WinBuiltinUsersSid, windows.WinBuiltinGuestsSid,
}

// writing are the rights by which a file is changed or replaced.
const writing = windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | windows.WRITE_DAC | windows.WRITE_OWNER |
	windows.DELETE | windows.GENERIC_WRITE | windows.GENERIC_ALL

// trustedInfo refuses what a group that stands for other people may write.
// %AppData% grants them nothing; somebody must have.
func trustedInfo(path string, _ fs.FileInfo) error {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("%s: its permissions cannot be read: %w", path, err)
	}
	dacl, _, err := sd.DACL()
	if err != nil || dacl == nil {
		return fmt.Errorf("%s: %w, so it is not read; take write access from everybody but yourself", path, ErrWritable)
	}
	for i := range uint32(dacl.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if windows.GetAce(dacl, i, &ace) != nil || ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE {
			continue
		}
		sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
		if ace.Mask&writing != 0 && isAnybody(sid) {
			return fmt.Errorf("%s: %w (%s), so it is not read; take write access from them", path, ErrWritable, sid)
		}
	}
	return nil
}

func isAnybody(sid *windows.SID) bool {
	for _, kind := range anybody {
		if sid.IsWellKnown(kind) {
			return true
		}
	}
	return false
}
