package autostart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// desktopFile is an entry in the format of the Desktop Entry Specification 1.5,
// as the Desktop Application Autostart Specification uses it.
func (e Entry) desktopFile() string {
	words := []string{e.Program, "run", "--login"}
	if e.Profile != "" {
		words = append([]string{"/usr/bin/env", "AUTHTRAY_PROFILE=" + e.Profile}, words...)
	}
	for i, w := range words {
		words[i] = quoteExec(w)
	}
	skip := ""
	if systemd() {
		skip = "X-systemd-skip=true\n"
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
%s`, strings.Join(words, " "), escapeValue(e.Program), skip)
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

// label is the LaunchAgent's name.
func (e Entry) label() string { return "io.github.authtray." + e.id() }

// plist is an entry as launchd reads it: started when a graphical session
// begins, not kept alive (the user may quit it).
func (e Entry) plist() string {
	environment := ""
	if e.Profile != "" {
		environment = fmt.Sprintf("\t<key>EnvironmentVariables</key>\n\t<dict><key>AUTHTRAY_PROFILE</key>%s</dict>\n", element(e.Profile))
	}
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>%s
	<key>ProgramArguments</key>
	<array>%s<string>run</string><string>--login</string></array>
%s	<key>RunAtLoad</key><true/>
	<key>LimitLoadToSessionType</key><string>Aqua</string>
	<key>ProcessType</key><string>Interactive</string>
</dict>
</plist>
`, element(e.label()), element(e.Program), environment)
}

func element(s string) string {
	var b bytes.Buffer
	b.WriteString("<string>")
	xml.EscapeText(&b, []byte(s)) // to memory: cannot fail
	b.WriteString("</string>")
	return b.String()
}

// readPlist finds the program: the first string of the first array.
func readPlist(text []byte) (entry, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	inArray := false
	for {
		token, err := d.Token()
		if err == io.EOF {
			return entry{}, fmt.Errorf("the LaunchAgent names no program")
		}
		if err != nil {
			return entry{}, fmt.Errorf("the LaunchAgent cannot be read: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		inArray = inArray || start.Name.Local == "array"
		if inArray && start.Name.Local == "string" {
			var program string
			err := d.DecodeElement(&program, &start)
			return entry{on: err == nil, program: program}, err
		}
	}
}

// commandLine is an entry as the Run key holds it. A path on Windows holds no
// quotation marks.
func (e Entry) commandLine() string { return `"` + e.Program + `" run --login` }

// readCommandLine finds the program.
func readCommandLine(s string) entry {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, `"`); ok {
		program, _, _ := strings.Cut(rest, `"`)
		return entry{on: true, program: program}
	}
	program, _, _ := strings.Cut(s, " ")
	return entry{on: program != "", program: program}
}
