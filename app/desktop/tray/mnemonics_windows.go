package tray

import "strings"

// escapeMnemonics: in a Windows menu "&x" marks an access key and "&&" is an ampersand.
func escapeMnemonics(s string) string { return strings.ReplaceAll(s, "&", "&&") }
