// Copyright prints the licence of Authtray and those of the modules that are
// linked into its programs, as packages ship them:
//
//	go run ./assets/packaging/copyright linux amd64 > build/copyright
//
// The window's texts are made from the same files, for all systems:
//
//	go run ./assets/packaging/copyright window > app/window/licence_texts.txt
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 1 && args[0] == "window":
		err = writeWindow(out)
	case len(args) == 2:
		err = write(out, args[0], args[1])
	default:
		fmt.Fprintln(os.Stderr, "copyright: want the system and the machine that the programs are for, or: window")
		os.Exit(2)
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "copyright:", err)
		os.Exit(1)
	}
}

func write(out io.Writer, goos, goarch string) error {
	own, err := os.ReadFile("LICENSE")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Authtray, https://github.com/authtray/authtray\n\n%s\n", own)
	goRoot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	all, err := modules(goos, goarch)
	if err != nil {
		return err
	}
	for _, m := range append([]module{{"The Go programming language", "", strings.TrimSpace(string(goRoot))}}, all...) {
		if err := m.write(out); err != nil {
			return err
		}
	}
	return nil
}

// module is one that is linked, and the folder of its source.
type module struct{ path, version, dir string }

// modules are those of the window's build, which has all that the other one has.
func modules(goos, goarch string) ([]module, error) {
	cmd := exec.Command("go", "list", "-deps", "-tags", "release,migrated_fynedo,no_animations",
		"-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOOS="+goos, "GOARCH="+goarch)
	cmd.Stderr = os.Stderr
	listed, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []module
	for line := range strings.Lines(string(listed)) {
		if fields := strings.Split(strings.TrimSpace(line), "\t"); len(fields) == 3 {
			all = append(all, module{fields[0], fields[1], fields[2]})
		}
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.path, b.path) })
	return slices.Compact(all), nil
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|copyright|patents)([._-].*)?$`)

// write prints every licence file of a module: that at its top, and those of works of
// others inside it, such as GLFW and the fonts. A module without one may not be given
// away.
func (m module) write(out io.Writer) error {
	found := false
	err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || path != m.dir && m.version == ""): // Go's own is at its top
			return fs.SkipDir
		case d.IsDir() || !licenceFile.MatchString(d.Name()) || strings.HasSuffix(d.Name(), ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(m.dir, path)
		found = found || name == d.Name()
		fmt.Fprintf(out, "\n%s\n%s, %s\n\n%s\n", strings.Repeat("-", 78), strings.TrimSpace(m.path+" "+m.version), filepath.ToSlash(name), bytes.TrimSpace(text))
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("%s has no licence file in %s", m.path, m.dir)
	}
	return err
}

// writeWindow prints the texts that the window shows, each below a line of "=== " and
// the modules that it is the text of.
func writeWindow(out io.Writer) error {
	dirs := map[string]string{}
	for _, system := range []string{"linux", "windows", "darwin"} {
		all, err := modules(system, "amd64")
		if err != nil {
			return err
		}
		for _, m := range all {
			dirs[m.path] = m.dir
		}
	}
	of := map[string][]string{} // modules by text
	for _, path := range slices.Sorted(maps.Keys(dirs)) {
		text, err := ownLicence(dirs[path])
		if err != nil {
			return err
		}
		of[text] = append(of[text], path)
	}
	for _, text := range slices.SortedFunc(maps.Keys(of), func(a, b string) int { return slices.Compare(of[a], of[b]) }) {
		if _, err := fmt.Fprintf(out, "=== %s\n%s\n\n", strings.Join(of[text], " "), text); err != nil {
			return err
		}
	}
	return nil
}

// ownLicence is what the licence files at a module's top say.
func ownLicence(dir string) (string, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, f := range files {
		if f.IsDir() || !licenceFile.MatchString(f.Name()) || strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return "", err
		}
		texts = append(texts, strings.TrimSpace(strings.ReplaceAll(string(text), "\r", "")))
	}
	return strings.Join(texts, "\n\n"), nil
}
