package quick

import "github.com/authtray/authtray/providers/name"

// Flag is a flag of `authtray token`.
type Flag struct {
	Name    string
	Param   string // of the query that it is sent as; "": it says how the answer is printed
	Default string
	Many    bool // it may be repeated, and its values are sent with spaces between them
	Usage   string

	// plain reports whether a value needs no judging. A flag with another one, or
	// without this function, leaves the command to the ordinary one.
	plain func(value string) bool
}

// Flags are all of them: the ordinary command makes its own of this table. Each
// takes a value.
var Flags = [...]Flag{
	{Name: "min-valid", Param: "min_valid", Usage: "how long the token is to last (30s, or a quarter of its life if that is less)", plain: plainDuration},
	{Name: "format", Default: "raw", Usage: "raw, json, header, env or mcp-headers", plain: isRaw},
	{Name: "scope", Param: "scope", Many: true, Usage: "a narrower token: only this scope (may be repeated)"},
	{Name: "resource", Param: "resource", Usage: "a token for this resource (RFC 8707)"},
}

// Target is the path and query of the request that `authtray token …` means, where
// it is one of the plain forms: NAME, and flags with plain values. Anything else is
// left to the ordinary command.
func Target(args []string) (target string, ok bool) {
	if len(args) < 3 || args[1] != "token" {
		return "", false
	}
	var called string
	var values [len(Flags)]string
	for rest := args[2:]; len(rest) > 0; {
		if flag, value, used := readFlag(rest); used > 0 {
			values[flag], rest = value, rest[used:]
			continue
		}
		if called != "" || rest[0] == "" {
			return "", false
		}
		called, rest = rest[0], rest[1:]
	}
	if !name.Valid(called) {
		return "", false
	}
	target = "/v1/connections/" + called + "/token"
	for i, separator := 0, "?"; i < len(Flags); i++ {
		if values[i] != "" && Flags[i].Param != "" {
			target += separator + Flags[i].Param + "=" + values[i]
			separator = "&"
		}
	}
	return target, true
}

// readFlag reads a flag with a plain value, in either spelling, and says how many
// arguments it took: none where there is no such flag. What is left then begins
// with a dash, as no name does.
func readFlag(args []string) (flag int, value string, used int) {
	for i := range Flags {
		long := "--" + Flags[i].Name
		switch n := len(long); {
		case args[0] == long && len(args) > 1:
			value, used = args[1], 2
		case len(args[0]) > n && args[0][:n] == long && args[0][n] == '=':
			value, used = args[0][n+1:], 1
		default:
			continue
		}
		if plain := Flags[i].plain; plain == nil || !plain(value) {
			used = 0
		}
		return i, value, used
	}
	return 0, "", 0
}

func isRaw(format string) bool { return format == "raw" }

// plainDuration: a number and one unit. Others are for the ordinary command.
func plainDuration(s string) bool {
	digits := len(s) - 1
	if digits < 1 || digits > 6 || s[digits] != 's' && s[digits] != 'm' && s[digits] != 'h' {
		return false
	}
	for _, c := range []byte(s[:digits]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// split cuts /proc/self/cmdline, whose arguments each end in a zero byte.
func split(cmdline []byte) []string {
	var args []string
	for start, i := 0, 0; i < len(cmdline); i++ {
		if cmdline[i] == 0 {
			args = append(args, string(cmdline[start:i]))
			start = i + 1
		}
	}
	return args
}
