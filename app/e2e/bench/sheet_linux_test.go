package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// sheet is what one run has found.
type sheet struct {
	t        *testing.T
	run      int               // the first is 0
	Goals    []goal            `json:"goals"`
	Sections []*section        `json:"sections"`
	Raw      map[string]series `json:"raw"`
}

// goal is a figure that is to be at most, or at least, another one.
type goal struct {
	What    string  `json:"what"`
	Unit    string  `json:"unit"`
	Value   float64 `json:"value"`
	Limit   float64 `json:"limit"` // 0: it is reported and held to nothing
	AtLeast bool    `json:"at_least"`
}

func (g goal) met() bool {
	if g.AtLeast {
		return g.Value >= g.Limit
	}
	return g.Value <= g.Limit
}

// section is a table of one measurement.
type section struct {
	Title string   `json:"title"`
	Unit  string   `json:"unit"`
	Lines []line   `json:"lines"`
	Notes []string `json:"notes"`
}

type line struct {
	What                 string
	Samples              int
	P50, P99             float64
	Base                 string // what the ratios are to; "": it has none
	Ratio, Lower, Higher float64
}

func (s *sheet) atMost(what, unit string, value, limit float64) {
	s.held(goal{What: what, Unit: unit, Value: value, Limit: limit})
}

func (s *sheet) atLeast(what, unit string, value, limit float64) {
	s.held(goal{What: what, Unit: unit, Value: value, Limit: limit, AtLeast: true})
}

// held keeps a goal. One whose figure was not found is told of.
func (s *sheet) held(g goal) {
	if math.IsNaN(g.Value) || math.IsInf(g.Value, 0) {
		s.t.Errorf("no figure for %q", g.What)
		return
	}
	s.Goals = append(s.Goals, g)
}

func (s *sheet) report(what, unit string, value float64) { s.atMost(what, unit, value, 0) }

// table begins a section.
func (s *sheet) table(title, unit string) *section {
	made := &section{Title: title, Unit: unit}
	s.Sections = append(s.Sections, made)
	return made
}

// add writes a line of a section, with ratios to base, and keeps the samples.
func (s *sheet) add(to *section, what string, got series, base string, others map[string]series) (ratio float64) {
	l := line{What: what, Samples: len(got), P50: got.median(), P99: got.at(99), Base: base}
	if base != "" && base != what {
		ratios := got.over(others[base])
		l.Ratio, l.Lower, l.Higher = ratios.median(), ratios.at(25), ratios.at(75)
	} else {
		l.Base = ""
	}
	to.Lines = append(to.Lines, l)
	s.Raw[to.Title+": "+what] = got
	return l.Ratio
}

// addAll writes a line for each contender, in their order.
func (s *sheet) addAll(to *section, all []contender, base string, got map[string]series) map[string]float64 {
	ratios := map[string]float64{}
	for _, c := range all {
		ratios[c.name] = s.add(to, c.name, got[c.name], base, got)
	}
	return ratios
}

// merge puts what runs found in the place of what earlier ones did, in dir.
func merge(t *testing.T, dir string, runs []*sheet) (merged []*sheet) {
	t.Helper()
	for i := 0; ; i++ {
		before := &sheet{Raw: map[string]series{}}
		data, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("run%d.json", i+1)))
		if err == nil {
			err = json.Unmarshal(data, before)
		}
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if err != nil && i >= len(runs) {
			return merged
		}
		if i < len(runs) {
			before.take(runs[i])
		}
		merged = append(merged, before)
	}
}

// take replaces goals and sections of the same names, and adds the others.
func (s *sheet) take(newer *sheet) {
	for _, g := range newer.Goals {
		if at := slices.IndexFunc(s.Goals, func(old goal) bool { return old.What == g.What }); at >= 0 {
			s.Goals[at] = g
			continue
		}
		s.Goals = append(s.Goals, g)
	}
	for _, table := range newer.Sections {
		if at := slices.IndexFunc(s.Sections, func(old *section) bool { return old.Title == table.Title }); at >= 0 {
			s.Sections[at] = table
			continue
		}
		s.Sections = append(s.Sections, table)
	}
	maps.Copy(s.Raw, newer.Raw)
}

// write makes BENCH.md of the runs, and a file of raw numbers for each.
func write(t *testing.T, dir, page string, runs []*sheet) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, run := range runs {
		data, err := json.Marshal(run)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("run%d.json", i+1)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(page, []byte(markdown(runs)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func markdown(runs []*sheet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What Authtray costs\n\nMade by `make bench` on %s (%d cores, %s/%s, %s, %s processes running or waiting on average), runs: %d. The rows of each table took turns, so that what else the\nmachine does meets them all; a ratio is the median of the pairs of one round, and behind it stand the quarter and three quarters of them.\nWhat is named here is explained in `app/e2e/bench/doc.go`.\n",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), loadAverage(), len(runs))
	fmt.Fprint(&b, "\n## Goals\n\n| what |")
	for i := range runs {
		fmt.Fprintf(&b, " run %d |", i+1)
	}
	fmt.Fprint(&b, " goal | met | why not |\n|---|", strings.Repeat("---|", len(runs)+3), "\n")
	for _, g := range runs[0].Goals {
		fmt.Fprintf(&b, "| %s |", g.What)
		met, missed := 0, 0
		for _, run := range runs {
			found := run.find(g.What)
			fmt.Fprintf(&b, " %s |", figure(found.Value, found.Unit))
			switch {
			case math.IsNaN(found.Value): // this run left it out
			case found.met():
				met++
			default:
				missed++
			}
		}
		fmt.Fprintln(&b, goalWords(g, met, missed))
	}
	for i, run := range runs {
		for _, s := range run.Sections {
			fmt.Fprintf(&b, "\n## %s, run %d\n\n", s.Title, i+1)
			s.markdown(&b)
		}
	}
	return b.String()
}

// loadAverage is how busy the machine was in the last fifteen minutes.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 2 {
		return fields[2]
	}
	return "unknown"
}

func (s *sheet) find(what string) goal {
	for _, g := range s.Goals {
		if g.What == what {
			return g
		}
	}
	return goal{Value: math.NaN()}
}

// goalWords are the last three cells of a goal's row.
func goalWords(g goal, met, missed int) string {
	if g.Limit == 0 {
		return " reported | | |"
	}
	sign := "≤"
	if g.AtLeast {
		sign = "≥"
	}
	words := fmt.Sprintf(" %s %s |", sign, figure(g.Limit, g.Unit))
	switch {
	case missed == 0:
		return words + " yes | |"
	case met == 0:
		return words + " **no** | " + reason(g.What) + " |"
	}
	return words + " **not in each run** | " + reason(g.What) + " |"
}

func (s *section) markdown(b *strings.Builder) {
	if len(s.Lines) > 0 {
		fmt.Fprintf(b, "| %s | samples | p50 | p99 | ratio |\n|---|---|---|---|---|\n", s.Unit)
	}
	for _, l := range s.Lines {
		ratio := ""
		if l.Base != "" {
			ratio = fmt.Sprintf("%.2f× %s (%.2f-%.2f)", l.Ratio, l.Base, l.Lower, l.Higher)
		}
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s |\n", l.What, l.Samples, figure(l.P50, s.Unit), figure(l.P99, s.Unit), ratio)
	}
	for _, n := range s.Notes {
		fmt.Fprintf(b, "\n%s\n", n)
	}
}

// figure is a number with its unit, in three digits or so.
func figure(v float64, unit string) string {
	digits := 2
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return "not measured"
	case a >= 100 || v == math.Trunc(v):
		digits = 0
	case a >= 10:
		digits = 1
	case a < 0.1:
		digits = 3
	}
	if unit != "×" && unit != "" {
		unit = " " + unit
	}
	return fmt.Sprintf("%.*f%s", digits, v, unit)
}

func TestPartsThatAreMeasuredAnewReplaceTheirFiguresAlone(t *testing.T) {
	s := &sheet{Goals: []goal{{What: "a", Value: 1}, {What: "b", Value: 1}}, Sections: []*section{{Title: "A"}}, Raw: map[string]series{}}
	s.take(&sheet{Goals: []goal{{What: "b", Value: 2}, {What: "c", Value: 3}}, Sections: []*section{{Title: "A", Unit: "ms"}, {Title: "B"}}})
	if len(s.Goals) != 3 || s.Goals[0].Value != 1 || s.Goals[1].Value != 2 || len(s.Sections) != 2 || s.Sections[0].Unit != "ms" {
		t.Errorf("%+v, %+v", s.Goals, s.Sections)
	}
}

func TestGoalsSayWhatWasMissed(t *testing.T) {
	one := &sheet{Goals: []goal{{What: "a", Unit: "ms", Value: 2, Limit: 3}, {What: "b", Unit: "×", Value: 2, Limit: 1.5}, {What: "c", Unit: "MB", Value: 5.25}, {What: "d", Value: 84, Limit: 84, AtLeast: true}}}
	two := &sheet{Goals: []goal{{What: "a", Unit: "ms", Value: 4, Limit: 3}, {What: "b", Unit: "×", Value: 2, Limit: 1.5}}}
	page := markdown([]*sheet{one, two})
	for _, want := range []string{
		"| a | 2 ms | 4 ms | ≤ 3 ms | **not in each run** |", "| b | 2× | 2× | ≤ 1.50× | **no** |", "| c | 5.25 MB | not measured | reported | | |", "| d | 84 | not measured | ≥ 84 | yes | |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}
