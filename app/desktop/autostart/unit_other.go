//go:build !linux

package autostart

func systemd() bool           { return false }
func (e Entry) hasUnit() bool { return false }

// OutsideUnit is for Linux: there are no units elsewhere.
func OutsideUnit([]string) ([]string, bool) { return nil, false }
