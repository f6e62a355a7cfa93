package text

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression that is compiled when it is first used. A
// package's patterns are made with it: compiled while the package is initialised,
// each costs every command time and memory, and hardly any command needs one.
func Pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
