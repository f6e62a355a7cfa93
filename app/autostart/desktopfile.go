package autostart

import (
	"fmt"
	"strings"
)

// desktopFile is an entry in the format of the Desktop Entry Specification 1.5,
// as the Desktop Application Autostart Specification uses it.
func (e Entry) desktopFile() string {
	words := []string{e.Program, "run"}
	if e.Profile != "" {
		words = append([]string{"/usr/bin/env", "AUTHTRAY_PROFILE=" + e.Profile}, words...)
	}
	for i, w := range words {
		words[i] = quoteExec(w)
	}
	return fmt.Sprintf(`[Desktop Entry]
Type=Application
Name=Authtray
Comment=Keeps your OAuth connections alive
Icon=authtray
Exec=%s
TryExec=%s
Terminal=false
NoDisplay=true
X-GNOME-Autostart-enabled=true
`, strings.Join(words, " "), escapeValue(e.Program))
}

// quoteExec writes one argument of Exec: quoted as the key wants it, then
// escaped as every string value is, so that a backslash comes out as four; and
// a percent sign is doubled, or it would begin a field code.
func quoteExec(s string) string {
	r := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`)
	return escapeValue(strings.ReplaceAll(`"`+r.Replace(s)+`"`, "%", "%%"))
}

func escapeValue(s string) string { return strings.ReplaceAll(s, `\`, `\\`) }

// readDesktopFile is the part that On and Follow need. Only the group [Desktop
// Entry] counts.
func readDesktopFile(text string) entry {
	e := entry{on: true}
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			inside = line == "[Desktop Entry]"
		}
		key, value, ok := strings.Cut(line, "=")
		if !inside || !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "Hidden":
			e.on = e.on && value != "true"
		case "X-GNOME-Autostart-enabled":
			e.on = e.on && value != "false"
		case "TryExec":
			e.program = strings.ReplaceAll(value, `\\`, `\`)
		}
	}
	return e
}
