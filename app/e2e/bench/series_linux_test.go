package bench

import (
	"math"
	"slices"
	"testing"
	"time"
)

// series are samples in the order in which they were taken.
type series []float64

// at is the sample that so many percent of them are not above.
func (s series) at(percent float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(int(float64(len(sorted))*percent/100), len(sorted)-1)]
}

func (s series) median() float64 { return s.at(50) }

// over are the ratios of samples to those of the same round.
func (s series) over(base series) (ratios series) {
	for i := range min(len(s), len(base)) {
		ratios = append(ratios, s[i]/base[i])
	}
	return ratios
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// contender is something to be measured beside others, once a round.
type contender struct {
	name string
	once func() (float64, error)
}

// takeTurns measures each contender once a round, after one round that does not count.
// The first one of a round is another one each time, so that none always comes after
// the same one. A contender that fails ends it: an error is quickly given.
func takeTurns(t *testing.T, rounds int, all []contender) map[string]series {
	t.Helper()
	got := map[string]series{}
	for round := range rounds + 1 {
		for i := range all {
			c := all[(round+i)%len(all)]
			sample, err := c.once()
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if round > 0 {
				got[c.name] = append(got[c.name], sample)
			}
		}
	}
	return got
}

func TestSeriesAreOrderedByRoundNotBySize(t *testing.T) {
	s, base := series{4, 2, 9}, series{2, 2, 3}
	if got := s.over(base); !slices.Equal(got, series{2, 1, 3}) {
		t.Errorf("ratios are %v", got)
	}
	if s.median() != 4 || s.at(99) != 9 || s.at(0) != 2 || s[0] != 4 {
		t.Errorf("median %v, p99 %v, least %v of %v", s.median(), s.at(99), s.at(0), s)
	}
	if !math.IsNaN(series{}.median()) {
		t.Error("no samples have a median")
	}
}

func TestContendersTakeTurnsAtBeingFirst(t *testing.T) {
	var order string
	name := func(n string) contender {
		return contender{n, func() (float64, error) { order += n; return 1, nil }}
	}
	got := takeTurns(t, 2, []contender{name("a"), name("b")})
	if order != "abbaab" || len(got["a"]) != 2 || len(got["b"]) != 2 {
		t.Errorf("%s: %v", order, got)
	}
}
