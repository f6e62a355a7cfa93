package autostart

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestDesktopFileQuotesItsProgram(t *testing.T) {
	for _, c := range []struct {
		entry Entry
		exec  string
	}{
		{Entry{Program: "/usr/bin/authtray"}, `Exec="/usr/bin/authtray" "run" "--login"`},
		{Entry{Program: "/usr/bin/authtray", Profile: "work"}, `Exec="/usr/bin/env" "AUTHTRAY_PROFILE=work" "/usr/bin/authtray" "run" "--login"`},
		{Entry{Program: "/opt/My Apps/100%/authtray"}, `Exec="/opt/My Apps/100%%/authtray" "run" "--login"`},
		{Entry{Program: "/opt/$HOME`x\"y\\z"}, `Exec="/opt/\\$HOME\\` + "`" + `x\\"y\\\\z" "run" "--login"`},
	} {
		text := c.entry.desktopFile()
		if !strings.Contains(text, "\n"+c.exec+"\n") {
			t.Errorf("%s: no line %s in\n%s", c.entry.Program, c.exec, text)
		}
		if got := readDesktopFile(text); !got.on || got.program != c.entry.Program {
			t.Errorf("%s is read back as %+v", c.entry.Program, got)
		}
	}
}

func TestDesktopSettingsCanSwitchTheEntryOff(t *testing.T) {
	text := Entry{Program: "/usr/bin/authtray"}.desktopFile()
	for _, off := range []string{
		text + "Hidden=true\n",
		strings.ReplaceAll(text, "enabled=true", "enabled=false"),
	} {
		if readDesktopFile(off).on {
			t.Errorf("on:\n%s", off)
		}
	}
	if !readDesktopFile(text + "[Desktop Action x]\nHidden=true\n").on {
		t.Error("another group's key switched the entry off")
	}
}

func TestPlistHoldsProgramAndProfileEscaped(t *testing.T) {
	e := Entry{Program: "/Applications/A & <B>/authtray", Profile: "work"}
	text := e.plist()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
	}
	if got, err := readPlist([]byte(text)); err != nil || !got.on || got.program != e.Program {
		t.Errorf("read back as %+v, %v", got, err)
	}
	if !strings.Contains(text, "<key>AUTHTRAY_PROFILE</key><string>work</string>") {
		t.Errorf("no profile in\n%s", text)
	}
	if strings.Contains(text, "KeepAlive") {
		t.Error("quitting would start it again")
	}
}

func TestCommandLineIsReadBack(t *testing.T) {
	e := Entry{Program: `C:\Program Files\Authtray\authtray.exe`}
	if got := e.commandLine(); got != `"C:\Program Files\Authtray\authtray.exe" run --login` {
		t.Error(got)
	}
	if got := readCommandLine(e.commandLine()); got.program != e.Program || !got.on {
		t.Errorf("read back as %+v", got)
	}
	if got := readCommandLine(`C:\authtray.exe run`); got.program != `C:\authtray.exe` {
		t.Errorf("read back as %+v", got)
	}
}
