package shellquote

import (
	"os/exec"
	"strings"
	"testing"
)

// odd are words that some shell reads something into.
var odd = []string{
	"", "plain", "a b", "it's", `say "x"`, "$HOME", "`id`", "$(id)", "${x}", "a;b", "a&b", "a|b", "<a>", "(a)", "{a,b}", "[a]", "*", "?", "~", "~root",
	"!x", "#x", "=ls", "a=b", "%PATH%", "100%", `back\slash`, `ends\`, `a\"b`, "two\nlines", "tab\tx", "-n", "--x=y z", "é", "日本", "‘typographic’",
	"\\'", "''", "a'b'c", "\x1b[31m", "C:/Program Files/x", `C:\Program Files\x\`, "^", "a^b", "@x", "a,b",
}

func TestShellsReadTheWordBack(t *testing.T) {
	found := 0
	for _, shell := range []string{"sh", "dash", "bash", "zsh", "busybox"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		found++
		t.Run(shell, func(t *testing.T) {
			args := []string{"-c"}
			if shell == "busybox" {
				args = []string{"sh", "-c"}
			}
			for _, quote := range map[string]func(Shell, string) string{"Word": Word, "Quoted": Quoted} {
				for _, word := range odd {
					out, err := exec.Command(path, append(args, "printf '[%s]' "+quote(POSIX, word))...).CombinedOutput()
					if want := "[" + word + "]"; err != nil || string(out) != want {
						t.Errorf("%q is read as %q, %v", quote(POSIX, word), out, err)
					}
				}
			}
		})
	}
	if found == 0 {
		t.Skip("no POSIX shell here")
	}
}

func FuzzShReadsTheWordBack(f *testing.F) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		f.Skip("no sh here")
	}
	for _, word := range odd {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		out, err := exec.Command(sh, "-c", "printf %s "+Word(POSIX, "x"+word)).Output()
		if want := "x" + strings.ReplaceAll(word, "\x00", ""); err != nil || string(out) != want {
			t.Errorf("%q is read as %q, %v", Word(POSIX, "x"+word), out, err)
		}
	})
}

func TestWordByShell(t *testing.T) {
	for _, row := range []struct{ name, word, posix, cmd, powershell string }{
		{"plain", "a-b_c/d.e:f", "a-b_c/d.e:f", "a-b_c/d.e:f", "a-b_c/d.e:f"},
		{"empty", "", "''", `""`, "''"},
		{"space", "a b", "'a b'", `"a b"`, "'a b'"},
		{"single quote", "it's", `'it'\''s'`, `"it's"`, "'it''s'"},
		{"typographic quote", "it’s", "'it’s'", `"it’s"`, "'it’’s'"},
		{"double quote", `a"b`, `'a"b'`, `^"a\^"b^"`, `'a"b'`},
		{"backslash before a double quote", `a\"b`, `'a\"b'`, `^"a\\\^"b^"`, `'a\"b'`},
		{"Windows path", `C:\a\b`, `'C:\a\b'`, `C:\a\b`, `C:\a\b`},
		{"Windows path with a space, and a backslash last", `C:\a b\`, `'C:\a b\'`, `"C:\a b\\"`, `'C:\a b\'`},
		{"variable of a POSIX shell", "$x", "'$x'", `"$x"`, "'$x'"},
		{"variable of cmd.exe", "%PATH%", "%PATH%", `^"^%PATH^%^"`, "'%PATH%'"},
		{"another command", "a&calc", "'a&calc'", `"a&calc"`, "'a&calc'"},
		{"another command beside a variable", "%x%&calc", "'%x%&calc'", `^"^%x^%^&calc^"`, "'%x%&calc'"},
		{"another command behind a quote", `"&calc`, `'"&calc'`, `^"\^"^&calc^"`, `'"&calc'`},
		{"array of PowerShell", "a,b", "a,b", `"a,b"`, "'a,b'"},
		{"splat of PowerShell", "@x", "@x", `"@x"`, "'@x'"},
		{"command of zsh", "=ls", "'=ls'", `"=ls"`, "'=ls'"},
		{"line break", "a\nb", "'a\nb'", `"a b"`, "'a\nb'"},
		{"NUL", "a\x00b c", "'ab c'", `"ab c"`, "'ab c'"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for sh, want := range map[Shell]string{POSIX: row.posix, Cmd: row.cmd, PowerShell: row.powershell} {
				if got := Word(sh, row.word); got != want {
					t.Errorf("shell %d: %s, want %s", sh, got, want)
				}
			}
		})
	}
}

func TestCommandIsOneLine(t *testing.T) {
	argv := []string{`/opt/my tools/authtray`, "token", "work"}
	for sh, want := range map[Shell]string{
		POSIX:      "'/opt/my tools/authtray' token work",
		Cmd:        `"/opt/my tools/authtray" token work`,
		PowerShell: "& '/opt/my tools/authtray' token work",
	} {
		if got := Command(sh, argv...); got != want {
			t.Errorf("shell %d: %s, want %s", sh, got, want)
		}
	}
	if got := Command(PowerShell, "git", "config", "--global", "credential.https://git.example.helper", ""); got != `git --% config --global credential.https://git.example.helper ""` {
		t.Error(got)
	}
	if got := Command(PowerShell, "x", "", "%PATH%"); got != "x '' '%PATH%'" {
		t.Error(got)
	}
	if got := Command(PowerShell, "authtray", "a b"); got != "authtray 'a b'" {
		t.Error(got)
	}
}
