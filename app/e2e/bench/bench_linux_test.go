package bench

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// usualRaw is where make bench keeps raw numbers.
const usualRaw = "../../../build/bench"

var (
	measure = flag.Bool("measure", false, "measure in earnest, and write BENCH.md")
	rounds  = flag.Int("samples", 300, "how many samples of each")
	runs    = flag.Int("runs", 2, "how many times everything is measured, each from a clean state")
	only    = flag.String("only", "", "these parts alone, by commas; the others keep the figures in the folder of raw numbers")
	idleFor = flag.Duration("idle", 10*time.Minute, "how long an idle agent is watched")
	raw     = flag.String("raw", usualRaw, "the folder of raw numbers; in another than the usual one BENCH.md is written there too")
)

// part is one measurement, from a clean state.
type part struct {
	name    string
	measure func(t *testing.T, s *sheet)
	long    bool // it is not tried without -measure
}

var parts = []part{
	{"commands", commands, false},
	{"socket", socket, false},
	{"busy", busy, true},
	{"throughput", throughput, true},
	{"keychain", keychain, false},
	{"start", start, true},
	{"day", day, true},
	{"idle", idle, true},
	{"mcp", bridges, true},
	{"window", window, true},
	{"soak", soaked, true},
}

// n is how many samples are taken: a few where it is only tried.
func n() int {
	if *measure {
		return *rounds
	}
	return 3
}

func TestMeasure(t *testing.T) {
	if !*measure {
		*runs = 1
	}
	var all []*sheet
	for run := range *runs {
		s := &sheet{run: run, Raw: map[string]series{}}
		for _, p := range parts {
			if p.long && !*measure || *only != "" && !slices.Contains(strings.Split(*only, ","), p.name) {
				continue
			}
			t.Run(p.name, func(t *testing.T) {
				began := time.Now()
				s.t = t
				p.measure(t, s)
				t.Logf("%s took %v", p.name, time.Since(began).Round(time.Second))
			})
		}
		all = append(all, s)
	}
	if !*measure {
		t.Log(markdown(all))
		return
	}
	page := "../BENCH.md"
	if *raw != usualRaw { // a trial
		page = filepath.Join(*raw, "BENCH.md")
	}
	if *only != "" { // the other parts keep what was found last
		all = merge(t, *raw, all)
	}
	write(t, *raw, page, all)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", text)
}
