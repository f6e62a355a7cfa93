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

func TestCmdHandsTheWordsOn(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	plain := slices.DeleteFunc(slices.Clone(odd), func(word string) bool { return word == "%PATH%" })
	for name, words := range map[string][]string{"in one line": plain, "a variable": {"%PATH%", "last"}} {
		t.Run(name, func(t *testing.T) {
			line := Command(Cmd, append([]string{self}, words...)...)
			cmd := exec.Command("cmd")
			cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd /d /s /c "` + line + `"`}
			cmd.Env = append(os.Environ(), printArgs+"=1")
			out, err := cmd.Output()
			var got []string
			if err == nil {
				err = json.Unmarshal(out, &got)
			}
			if err != nil || len(got) != len(words) {
				t.Fatalf("%s: %q, %v", line, got, err)
			}
			for i, word := range words {
				if want := strings.ReplaceAll(word, "\n", " "); got[i] != want {
					t.Errorf("%q is read as %q", want, got[i])
				}
			}
		})
	}
}
