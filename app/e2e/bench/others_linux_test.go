package bench

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// logged runs tests of another package, which measure as they test, and returns what
// they log.
func logged(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"test", "-count=1", "-v", "-timeout", "20m"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("go test %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// numbers are those that a pattern's group finds, in their order.
func numbers(text, pattern string) (all series) {
	for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		if n, err := strconv.ParseFloat(found[1], 64); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// bridges measures `authtray mcp`, beside mcp-remote where `make mcp-clients` has
// fetched it.
func bridges(t *testing.T, s *sheet) {
	clients, err := filepath.Abs("../../../build/mcp-clients")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(clients, "node_modules/.bin/mcp-remote")); err != nil {
		t.Skip("mcp-remote is not there; make mcp-clients fetches it")
	}
	text := logged(t, []string{"MCP_CLIENTS=" + clients, "CGO_ENABLED=0"}, "-tags", "ci", "-run", "Beside|Latency|AHundredBridges", "../tools")
	to := s.table("MCP bridges", "")
	to.Notes = append(to.Notes, "From the log of the tests of `app/e2e/tools`:\n\n```\n"+measured(text)+"```")
	latency := durations(text, `a call takes (\S+) through the bridge and (\S+) without it`)
	s.atMost("MCP: latency that a bridge adds, difference of medians", "ms", latency[0]-latency[1], 1)
	s.atMost("MCP: RSS of a bridge at its peak", "MB", numbers(text, `authtray mcp: .*peak \[\d+ (\d+) `).median()*1024/1e6, 12)
	s.report("MCP: RSS of a bridge at rest, the middle one of 100", "MB", numbers(text, `RSS of a bridge: (\d+) kB`).median()*1024/1e6)
	s.report("MCP: RSS of mcp-remote at its peak", "MB", numbers(text, `mcp-remote: .*peak \[\d+ (\d+) `).median()*1024/1e6)
	s.atMost("MCP: refreshes in 3 clients × 28 calls, tokens of 30 s", "", numbers(text, `authtray mcp: .* (\d+) refreshes`).median(), 4)
	s.report("MCP: refreshes with mcp-remote", "", numbers(text, `mcp-remote: .* (\d+) refreshes`).median())
	s.atLeast("MCP: calls answered of 84", "", numbers(text, `authtray mcp: (\d+) of`).median(), 84)
	ours, theirs := durations(text, `authtray mcp: .* connected in \[\S+ (\S+) `), durations(text, `mcp-remote: .* connected in \[\S+ (\S+) `)
	s.atMost("MCP: connected, beside mcp-remote", "×", ours[0]/theirs[0], 0.3)
}

// durations are those of a pattern's groups, in milliseconds; NaN where it is not found.
func durations(text, pattern string) (all series) {
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		return series{math.NaN(), math.NaN()}
	}
	for _, word := range found[1:] {
		d, err := time.ParseDuration(word)
		if err != nil {
			d = 0
		}
		all = append(all, milliseconds(d))
	}
	return all
}

// every is each duration that a pattern's group finds, in milliseconds.
func every(text, pattern string) (all series) {
	for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		if d, err := time.ParseDuration(found[1]); err == nil {
			all = append(all, milliseconds(d))
		}
	}
	return all
}

var measuredLine = regexp.MustCompile(`(?m)^    \w+_test\.go:\d+: (.*\d.*)$`)

func measured(text string) (lines string) {
	for _, found := range measuredLine.FindAllStringSubmatch(text, -1) {
		lines += found[1] + "\n"
	}
	return lines
}

// window measures the real window with software GL, where it can be built.
func window(t *testing.T, s *sheet) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no C compiler")
	}
	text := logged(t, []string{"CGO_ENABLED=1", "LEAST_WINDOW=yes"}, "-tags", "desktop,release,migrated_fynedo,no_animations", "-run", "TestStartIsMeasured|TestEveryViewIsIdle", "../window")
	busy := numbers(text, `: ([\d.]+) % of a core`)
	s.atMost("window: process to first picture, software GL", "s", every(text, `drawn after (\S+),`).median()/1000, 0.5)
	s.report("window: the least one of Fyne, to its first picture", "s", every(text, `the least window of Fyne after (\S+)`).median()/1000)
	s.atMost("window: processor while nothing happens, the worst view", "% of a core", busy.at(100), 2)
	s.report("window: RSS", "MB", numbers(text, `window (\d+) kB`).median()*1024/1e6)
	to := s.table("The window", "")
	to.Notes = append(to.Notes, "From the log of the tests of `app/e2e/window`:\n\n```\n"+measured(text)+"```")
}

// soaked takes over what the last `make soak` found, which takes an hour of its own: as
// part of the first run.
func soaked(t *testing.T, s *sheet) {
	if s.run > 0 {
		return
	}
	text, err := os.ReadFile(filepath.Join(*raw, "soak.txt"))
	if err != nil {
		t.Skip("there is no account of a soak; make soak leaves one")
	}
	account := accountOf(string(text))
	private := regexp.MustCompile(`private memory, kB; from (\S+) to the last .*? \d+ +(\d+) +(\d+) +\d+\n`).FindStringSubmatch(account)
	if private == nil || strings.Contains(string(text), "\n--- FAIL") {
		t.Fatal("the last soak failed, or soak.txt holds no account; run make soak again")
	}
	var middle, last float64
	if _, err := fmt.Sscan(private[2]+" "+private[3], &middle, &last); err != nil {
		t.Fatal(err)
	}
	s.atMost("soak: private memory in the end, beside that after "+private[1], "×", last/middle, 1)
	to := s.table("Soak", "")
	to.Notes = append(to.Notes, "The account of `make soak`:\n\n```\n"+account+"```")
}

// accountOf is the account in a soak's log, without its indent and the long lines.
func accountOf(log string) (account string) {
	const indent = "                "
	_, log, _ = strings.Cut(log, "\n"+indent+"time ")
	for line := range strings.Lines("time " + log) {
		line, whole := strings.CutPrefix(line, indent)
		if !whole && account != "" {
			break
		}
		if len(line) < 120 {
			account += line
		}
	}
	return account
}

// day measures a week of a laptop's days on fake time.
func day(t *testing.T, s *sheet) {
	text := logged(t, []string{"CGO_ENABLED=0"}, "-tags", "ci", "-run", "ADayOnALaptop", "../../../tokens")
	s.atMost("a laptop's day simulated: requests beside the least that are needed", "×", numbers(text, `are needed: ([\d.]+)×`).median(), 1.1)
}

func TestAccountOfASoakIsFoundInItsLog(t *testing.T) {
	indent := strings.Repeat(" ", 16)
	log := "--- RUN\n            soak_linux_test.go:62: \n" + indent + "time   1h\n" + indent + "  faults " + strings.Repeat("1 x, ", 30) + "\n" + indent + "private memory, kB; from 10m0s to the last at most +4096   1  2  3  4\n        --- PASS: TestSoak\n" + indent + "other\n"
	if got, want := accountOf(log), "time   1h\nprivate memory, kB; from 10m0s to the last at most +4096   1  2  3  4\n"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
}
