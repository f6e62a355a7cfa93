// Package shellquote writes a word so that a shell reads it as that word and no
// more: in commands that a person is told to run, and in configuration that a
// program hands to a shell. What is quoted may be a provider's or a file's text.
package shellquote

import (
	"runtime"
	"strings"
)

// Shell is whose rules count.
type Shell int

// The shells that a command of ours may be read by.
const (
	POSIX      Shell = iota // sh, dash, bash, zsh; git's own on Windows too
	Cmd                     // cmd.exe, at its prompt
	PowerShell              // Windows PowerShell and pwsh
)

// Local is the shell that a person here types into.
func Local() Shell {
	if runtime.GOOS == "windows" {
		return PowerShell
	}
	return POSIX
}

// Word is s as one word of a command. It stays as it is where no shell reads
// anything into it, so that plain names and paths are told plainly.
func Word(sh Shell, s string) string {
	if isBare(sh, s) {
		return s
	}
	return Quoted(sh, s)
}

// Quoted is Word with quotes in any case.
func Quoted(sh Shell, s string) string {
	s = strings.ReplaceAll(s, "\x00", "") // no argument can hold it
	switch sh {
	case Cmd:
		return quoteCmd(s)
	case PowerShell:
		return "'" + doubled.Replace(s) + "'"
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Command is a program and its arguments as one line.
func Command(sh Shell, argv ...string) string {
	if sh == PowerShell && unparsed(argv) {
		return argv[0] + " --% " + Command(Cmd, argv[1:]...)
	}
	words := make([]string, len(argv))
	for i, arg := range argv {
		words[i] = Word(sh, arg)
	}
	line := strings.Join(words, " ")
	if sh == PowerShell && strings.HasPrefix(line, "'") {
		return "& " + line // else it is an expression: a string
	}
	return line
}

// unparsed reports whether argv has an empty argument, which Windows PowerShell 5.1
// leaves out, and nothing that needs quotes of PowerShell's: such a line may go to
// the program as it stands, behind PowerShell's stop-parsing token.
func unparsed(argv []string) bool {
	empty := false
	for i, arg := range argv {
		if arg == "" && i > 0 {
			empty = true
		} else if !isBare(Cmd, arg) {
			return false
		}
	}
	return empty
}

// isBare reports whether no quotes are needed: letters, digits and marks that no
// shell knows in the middle of a word. A word that begins with "=" is expanded by
// zsh; a comma separates arguments, and "%" and "@" mean something, in PowerShell
// or cmd.exe.
func isBare(sh Shell, s string) bool {
	marks := "-_./:=@,+%"
	switch sh {
	case Cmd:
		marks = `-_./:\+`
	case PowerShell:
		marks = `-_./:\+`
	}
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(marks, r)
	}
	return s != "" && s[0] != '=' && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) })
}

// doubled is what PowerShell takes for a single quote: the typographic ones too.
var doubled = strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛")

// quoteCmd quotes twice: for the program, which splits its command line as
// CommandLineToArgvW does, and for cmd.exe, which knows nothing of that. Where a
// word holds a quote or a percent sign each character that means something to
// cmd.exe gets a caret, the quotes too, so that cmd.exe sees none. A line break
// cannot be told to cmd.exe and becomes a space.
func quoteCmd(s string) string {
	s = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s)
	var b strings.Builder
	b.WriteByte('"')
	slashes := 0
	for _, r := range s {
		switch r {
		case '\\':
			slashes++
		case '"':
			b.WriteString(strings.Repeat(`\`, slashes+1)) // those before a quote count double
			slashes = 0
		default:
			slashes = 0
		}
		b.WriteRune(r)
	}
	b.WriteString(strings.Repeat(`\`, slashes))
	b.WriteByte('"')
	if !strings.ContainsAny(s, `"%!`) {
		return b.String()
	}
	return carets.Replace(b.String())
}

var carets = strings.NewReplacer("(", "^(", ")", "^)", "%", "^%", "!", "^!", "^", "^^", `"`, `^"`, "<", "^<", ">", "^>", "&", "^&", "|", "^|")
