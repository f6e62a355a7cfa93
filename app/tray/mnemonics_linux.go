package tray

import "strings"

// escapeMnemonics: in a dbusmenu label "_x" marks an access key and "__" is an underscore.
func escapeMnemonics(s string) string { return strings.ReplaceAll(s, "_", "__") }
