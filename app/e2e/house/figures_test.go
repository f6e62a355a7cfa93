package house

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// measuredFigure is a number that somebody must have measured. Seconds are left out:
// they are mostly how long something is waited for.
var measuredFigure = regexp.MustCompile(`\d[\d.]* ?(?:ms|µs|kB|MB)\b`)

func TestReadmeNamesNoFigureWithoutARowInBench(t *testing.T) {
	readme, bench := read(t, "README.md"), read(t, "app/e2e/BENCH.md")
	rows := map[string][]string{}
	for line := range strings.Lines(bench) {
		if cells := tableRow(line); len(cells) > 1 {
			rows[cells[0]] = append(rows[cells[0]], cells[1:]...)
		}
	}
	_, costs, ok := strings.Cut(readme, "## What it costs\n")
	if !ok {
		t.Fatal("README.md has no section What it costs")
	}
	costs, _, _ = strings.Cut(costs, "\n## ")
	shown := 0
	for line := range strings.Lines(costs) {
		cells := tableRow(line)
		if len(cells) < 2 || !strings.ContainsAny(cells[1], "0123456789") {
			continue
		}
		shown++
		if !slices.Contains(rows[cells[0]], cells[1]) {
			t.Errorf("README.md: %q is %q; its row in app/e2e/BENCH.md has %q", cells[0], cells[1], rows[cells[0]])
		}
	}
	if shown < 5 {
		t.Errorf("%d figures were found", shown)
	}
	for line := range strings.Lines(strings.Replace(readme, costs, "", 1)) {
		if found := measuredFigure.FindString(line); found != "" {
			t.Errorf("README.md says %q outside of What it costs: %s", found, strings.TrimSpace(line))
		}
	}
}

// tableRow are the cells of a line of a table.
func tableRow(line string) (cells []string) {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells
}
