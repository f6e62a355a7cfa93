package autostart

import "strings"

// commandLine is an entry as the Run key holds it. A path on Windows holds no
// quotation marks.
func (e Entry) commandLine() string { return `"` + e.Program + `" run` }

// readCommandLine finds the program.
func readCommandLine(s string) entry {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, `"`); ok {
		program, _, _ := strings.Cut(rest, `"`)
		return entry{on: true, program: program}
	}
	program, _, _ := strings.Cut(s, " ")
	return entry{on: program != "", program: program}
}
