// Slowest reads what `go test -json` prints, and prints what go test prints
// without that flag, with the slowest tests of all before it:
//
//	what a package's failed tests said, as soon as the package has ended
//	a line for each package that has ended, with the time it took
//	the slowest tests
//	the tests that skipped themselves, and why
//	go test's own line for each package
//
// It says one thing about the tests itself, which fails it in continuous integration
// (the variable CI is set): a test may skip itself there only where its reason names the
// make target that runs it or the test that shows the same. Else the exit code of the
// pipe is go test's.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

const shown = 20 // of the slowest tests

func main() {
	unshown, err := report(os.Stdin, os.Stdout)
	if err == nil && unshown > 0 && os.Getenv("CI") != "" {
		err = fmt.Errorf("%d skipped tests name neither the make target that runs them nor the test that shows the same", unshown)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "slowest:", err)
		os.Exit(1)
	}
}

// event is a line of go test -json; see `go doc cmd/test2json`.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64 // seconds
}

// said is a line that a test printed, or with no test the package.
type said struct{ test, line string }

// tested is a package.
type tested struct {
	said   []said
	passed map[string]bool // the tests that have ended well
	line   string          // go test's own
}

// timed is a test that has ended.
type timed struct {
	pkg, test string
	seconds   float64
}

// skipped is a test that skipped itself.
type skipped struct{ pkg, test, why string }

// elsewhere reports whether the reason says what shows it all the same.
func (s skipped) elsewhere() bool { return shownElsewhere.MatchString(s.why) }

var shownElsewhere = regexp.MustCompile(`\bmake [a-z-]+|\bTest[A-Z]\w+`)

// results are all of them.
type results struct {
	out      io.Writer
	packages map[string]*tested
	tests    []timed
	skipped  []skipped
	failed   bool
}

// report does it all, and counts the skipped tests that nothing else shows. What is no
// event is printed as it is.
func report(in io.Reader, out io.Writer) (unshown int, err error) {
	r := &results{out: out, packages: map[string]*tested{}}
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil {
			r.take(e)
		} else {
			out.Write(line)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	r.end()
	for _, s := range r.skipped {
		if !s.elsewhere() {
			unshown++
		}
	}
	return unshown, nil
}

func (r *results) take(e event) {
	if e.Action == "build-output" {
		io.WriteString(r.out, e.Output)
	}
	if e.Package == "" {
		return
	}
	p := r.packages[e.Package]
	if p == nil {
		p = &tested{passed: map[string]bool{}}
		r.packages[e.Package] = p
	}
	over := e.Action == "pass" || e.Action == "fail" || e.Action == "skip"
	switch {
	case e.Action == "output" && e.Test == "":
		p.said = append(p.said, said{"", p.line}) // it was not the last one
		p.line = e.Output
	case e.Action == "output" && !strings.HasPrefix(e.Output, "=== "):
		p.said = append(p.said, said{e.Test, e.Output})
	case over && e.Test == "":
		r.ended(p, e)
	case over:
		p.passed[e.Test] = e.Action != "fail"
		if e.Action == "skip" {
			r.skipped = append(r.skipped, skipped{e.Package, e.Test, p.why(e.Test)})
		}
		if !strings.Contains(e.Test, "/") {
			r.tests = append(r.tests, timed{e.Package, e.Test, e.Elapsed})
		}
	}
}

// why is the last thing that a test said before it skipped itself.
func (p *tested) why(test string) (reason string) {
	for _, s := range p.said {
		if s.test == test && !strings.HasPrefix(strings.TrimSpace(s.line), "--- SKIP") {
			reason = strings.TrimSpace(s.line)
		}
	}
	return reason
}

// ended prints what go test prints of a package but its line.
func (r *results) ended(p *tested, e event) {
	if e.Action == "fail" {
		r.failed = true
		for _, s := range p.said {
			if !p.passed[s.test] {
				io.WriteString(r.out, s.line)
			}
		}
	}
	p.said = nil
	if e.Action != "skip" {
		fmt.Fprintf(r.out, "%7.1f s  %s: %s\n", e.Elapsed, e.Package, e.Action)
	}
}

func (r *results) end() {
	slices.SortStableFunc(r.tests, func(a, b timed) int { return cmp.Compare(b.seconds, a.seconds) })
	fmt.Fprintf(r.out, "\nThe slowest tests:\n")
	for _, t := range r.tests[:min(shown, len(r.tests))] {
		fmt.Fprintf(r.out, "%7.1f s  %s  %s\n", t.seconds, t.pkg, t.test)
	}
	if len(r.skipped) > 0 {
		fmt.Fprintf(r.out, "\nSkipped:\n")
	}
	for _, s := range r.skipped {
		fmt.Fprintf(r.out, "  %s  %s  %s\n", s.pkg, s.test, s.why)
	}
	fmt.Fprintln(r.out)
	for _, path := range slices.Sorted(maps.Keys(r.packages)) {
		io.WriteString(r.out, r.packages[path].line)
	}
	if r.failed {
		fmt.Fprintln(r.out, "FAIL")
	}
}
