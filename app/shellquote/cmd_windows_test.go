package shellquote

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// printArgs has this program print its arguments as JSON, and end.
const printArgs = "SHELLQUOTE_PRINT_ARGS"

func TestMain(m *testing.M) {
	if os.Getenv(printArgs) == "" {
		os.Exit(m.Run())
	}
	if err := json.NewEncoder(os.Stdout).Encode(os.Args[1:]); err != nil {
		os.Exit(1)
	}
}

func TestCmdHandsTheWordOn(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range odd {
		t.Run(word, func(t *testing.T) {
			line := Command(Cmd, self, word, "last")
			cmd := exec.Command("cmd")
			cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd /d /s /c "` + line + `"`}
			cmd.Env = append(os.Environ(), printArgs+"=1")
			out, err := cmd.Output()
			var got []string
			if err == nil {
				err = json.Unmarshal(out, &got)
			}
			want := []string{strings.ReplaceAll(word, "\n", " "), "last"}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %q, %v", line, got, err)
			}
		})
	}
}
