package quick

// query is the request that `authtray token …` means, where it is one of the
// plain forms: NAME, with or without --min-valid. Anything else is not ours.
func query(args []string) (target string, ok bool) {
	if len(args) < 3 || args[1] != "token" {
		return "", false
	}
	var name, valid string
	for rest := args[2:]; len(rest) > 0; {
		if value, used := minValid(rest); used > 0 {
			valid, rest = value, rest[used:]
			continue
		}
		if name != "" {
			return "", false
		}
		name, rest = rest[0], rest[1:]
	}
	if !plainName(name) || valid != "" && !plainDuration(valid) {
		return "", false
	}
	return path(name, valid), true
}

// minValid reads the flag in either spelling and says how many arguments it took.
func minValid(args []string) (value string, used int) {
	const flag = "--min-valid"
	first := args[0]
	if first == flag && len(args) > 1 {
		return args[1], 2
	}
	if n := len(flag) + 1; len(first) > n && first[:n] == flag+"=" {
		return first[n:], 1
	}
	return "", 0
}

func path(name, valid string) string {
	p := "/v1/connections/" + name + "/token"
	if valid != "" {
		p += "?min_valid=" + valid
	}
	return p
}

// plainName: the rule for NAME, [a-z0-9][a-z0-9._-]{0,63}.
func plainName(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

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
