package outside

import (
	"bytes"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// maxInit is how much memory the program's own packages may take together while they
// are initialised, in bytes: every command pays for it, mostly in page faults. Before
// patterns and templates were put off it was 645 kB.
const maxInit = 32 << 10

func TestPackagesTakeLittleAtInit(t *testing.T) {
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "version")
	cmd.Env = []string{"HOME=" + t.TempDir(), "GODEBUG=inittrace=1"}
	var trace bytes.Buffer
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	sum, lines := 0, regexp.MustCompile(`(?m)^init (\S+) @.* clock, (\d+) bytes`).FindAllStringSubmatch(trace.String(), -1)
	for _, line := range lines {
		if n, err := strconv.Atoi(line[2]); err == nil && strings.HasPrefix(line[1], "github.com/authtray/") {
			sum += n
		}
	}
	if len(lines) < 50 || sum > maxInit {
		t.Errorf("the packages take %d bytes at init, more than %d, by %d lines:\n%s", sum, maxInit, len(lines), trace.String())
	}
	t.Log(sum)
}
