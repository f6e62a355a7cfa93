package setup

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Remove takes back what Write wrote, as far as it still stands as it was written,
// and counts the steps for which something was. What is left to people stays.
func Remove(ctx context.Context, steps []Step) (removed int, err error) {
	for _, step := range steps {
		done := false
		switch s := step.(type) {
		case gitHelper:
			done, err = s.remove(ctx)
		case command:
			done, err = s.remove(ctx)
		case goAuth:
			done, err = s.remove(ctx)
		case credHelper:
			done, err = s.remove()
		case block:
			done, err = s.remove()
		case jsonMember:
			done, err = s.remove()
		case mcpCommand:
			done, err = s.remove(ctx)
		case gooseExtension:
			done, err = s.remove()
		}
		if err != nil {
			return removed, err
		}
		if done {
			removed++
		}
	}
	return removed, nil
}

func (g gitHelper) remove(ctx context.Context) (bool, error) {
	out, err := output(ctx, "git", "config", "--global", "--get-all", g.key)
	if err != nil || !slices.Contains(strings.Split(strings.TrimSuffix(out, "\n"), "\n"), g.helper) {
		return false, nil
	}
	_, err = output(ctx, "git", "config", "--global", "--unset-all", g.key)
	return err == nil, err
}

// remove: git's useHttpPath, and kubectl's user.
func (c command) remove(ctx context.Context) (bool, error) {
	var undo []string
	switch {
	case len(c.argv) == 5 && c.argv[0] == "git":
		undo = []string{"git", "config", "--global", "--unset-all", c.argv[3]}
	case len(c.argv) > 3 && c.argv[0] == "kubectl" && c.argv[2] == "set-credentials":
		// kubectl unsets what is not there too, and makes its folder for that.
		has, err := output(ctx, "kubectl", "config", "view", "-o", fmt.Sprintf("jsonpath={.users[?(@.name==%q)].name}", c.argv[3]))
		if err != nil || strings.TrimSpace(has) != c.argv[3] {
			return false, nil
		}
		undo = []string{"kubectl", "config", "unset", "users." + c.argv[3]}
	default:
		return false, nil
	}
	if _, err := output(ctx, undo...); err != nil { // it is not there
		return false, nil
	}
	return true, nil
}

func (g goAuth) remove(ctx context.Context) (bool, error) {
	has, err := output(ctx, "go", "env", "GOAUTH")
	if err != nil || !hasCommand(has, g.command) {
		return false, nil
	}
	var rest []string
	for c := range strings.SplitSeq(strings.TrimSpace(has), ";") {
		if c = strings.TrimSpace(c); c != g.command {
			rest = append(rest, c)
		}
	}
	undo := []string{"go", "env", "-w", "GOAUTH=" + strings.Join(rest, "; ")}
	if len(rest) == 0 || slices.Equal(rest, []string{"netrc"}) { // Go's default
		undo = []string{"go", "env", "-u", "GOAUTH"}
	}
	_, err = output(ctx, undo...)
	return err == nil, err
}

func (c credHelper) remove() (bool, error) {
	text, there, err := current(c.path)
	if err != nil || !there {
		return false, err
	}
	config, helpers, err := c.parse(text)
	if err != nil || helpers[c.host] != "authtray" {
		return false, err
	}
	delete(helpers, c.host)
	if delete(config, "credHelpers"); len(helpers) > 0 {
		if config["credHelpers"], err = json.Marshal(helpers); err != nil {
			return false, err
		}
	}
	return true, replace(c.path, indented(config))
}

func (b block) remove() (bool, error) {
	text, there, err := current(b.path)
	if err != nil || !there {
		return false, err
	}
	lines := strings.SplitAfter(string(text), "\n")
	for i := range lines {
		if !b.mine(strings.TrimSpace(lines[i])) {
			continue
		}
		if !b.standsAt(lines[i:]) {
			return false, clash("%s has %s, but not as authtray wrote it: take it out by hand", b.path, b.about)
		}
		before := lines[:i]
		if len(b.lines) > 1 && i > 0 && strings.TrimSpace(lines[i-1]) == "" { // the empty line of join
			before = lines[:i-1]
		}
		return true, leave(b.path, strings.Join(before, "")+strings.Join(lines[i+len(b.lines):], ""), "")
	}
	return false, nil
}

func (m jsonMember) remove() (bool, error) {
	text, there, err := current(m.path)
	if err != nil || !there {
		return false, err
	}
	changed, has, err := removeMember(string(text), m.object, m.name)
	switch {
	case err != nil:
		return false, clash("%s cannot be read as JSON, so it is left alone: %v", m.path, err)
	case has == "":
		return false, nil
	case !m.standsAs(has):
		return false, clash("%s has a server %q in %s, but not as authtray wrote it: take it out by hand", m.path, m.name, m.object)
	}
	return true, leave(m.path, changed, "{"+quoted(m.object)+":{}}")
}

// leave writes what is left of a file. A file in which nothing is, blanks aside, but
// what had to be made for our own part goes; one behind a link stays.
func leave(path, text, nothing string) error {
	info, err := os.Lstat(path)
	if err == nil && info.Mode().IsRegular() && strings.Join(strings.Fields(text), "") == nothing {
		return os.Remove(path)
	}
	return replace(path, text)
}

func (m mcpCommand) remove(ctx context.Context) (bool, error) {
	there, ours := m.state(ctx)
	switch {
	case !there:
		return false, nil
	case !ours:
		return false, clash("%s has a server of this name, but not as authtray wrote it: take it out by hand", m.program)
	}
	_, err := output(ctx, append([]string{m.program}, m.undo...)...)
	return err == nil, err
}

func (g gooseExtension) remove() (bool, error) {
	data, there, err := current(g.path)
	if err != nil || !there {
		return false, err
	}
	lines := strings.Split(string(data), "\n")
	at := slices.Index(lines, "extensions:")
	if at < 0 {
		return false, nil
	}
	indent, from := g.find(lines, at)
	if from == 0 {
		return false, nil
	}
	if g.same(lines[from+1:]) != nil {
		return false, clash("%s has an extension %q, but not as authtray wrote it: take it out by hand", g.path, g.name)
	}
	to := from + 1
	for to < len(lines) && strings.HasPrefix(lines[to], indent+" ") {
		to++
	}
	return true, leave(g.path, strings.Join(slices.Delete(lines, from, to), "\n"), "extensions:")
}

// GitRivals says, a sentence each, which other helpers git asks for our hosts after
// ours, and gives what ours answered to keep: they would store a token that ends. It
// looks at git's configuration as it is in this folder.
func GitRivals(ctx context.Context, p Plan) (rivals []string) {
	out, err := output(ctx, "git", "config", "--show-origin", "--get-regexp", `^credential(\..*)?\.helper$`)
	if err != nil {
		return nil
	}
	for _, step := range Git(p) {
		g, ok := step.(gitHelper)
		if !ok {
			continue
		}
		ours := false
		for line := range strings.Lines(out) {
			origin, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
			key, helper, _ := strings.Cut(rest, " ")
			switch {
			case !strings.EqualFold(key, g.key) && key != "credential.helper":
			case helper == "" && key == "credential.helper": // forgets those before it, not ours: a helper for one host is asked first
			case helper == g.helper:
				ours = true
			case ours && helper != "":
				rivals = append(rivals, fmt.Sprintf("git asks %q (%s) after authtray, and gives it the token of %s to keep; to have it asked before, move that line above the one of authtray, or take it out", helper, origin, p.Name))
			}
		}
	}
	slices.Sort(rivals)
	return slices.Compact(rivals)
}
