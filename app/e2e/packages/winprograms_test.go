package packages

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"
)

// TestWindowsProgramsHaveTheirSubsystemAndResources reads what `make windows` built,
// whose folder and version are in WINDOWS_PROGRAMS and WINDOWS_VERSION.
func TestWindowsProgramsHaveTheirSubsystemAndResources(t *testing.T) {
	dir := os.Getenv("WINDOWS_PROGRAMS")
	if dir == "" {
		t.Skip("`make windows` runs this")
	}
	for _, row := range []struct {
		program   string
		subsystem uint16
		optional  bool // needs a C compiler for Windows
	}{
		{"authtray.exe", pe.IMAGE_SUBSYSTEM_WINDOWS_CUI, false},
		{"authtray-agent.exe", pe.IMAGE_SUBSYSTEM_WINDOWS_GUI, false},
		{"authtray-window.exe", pe.IMAGE_SUBSYSTEM_WINDOWS_GUI, true},
	} {
		t.Run(row.program, func(t *testing.T) {
			path := filepath.Join(dir, row.program)
			if _, err := os.Stat(path); os.IsNotExist(err) && row.optional {
				t.Skip("was not built")
			}
			file, err := pe.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			header, ok := file.OptionalHeader.(*pe.OptionalHeader64)
			if !ok || header.Subsystem != row.subsystem {
				t.Errorf("%T with subsystem %d, want %d", file.OptionalHeader, header.Subsystem, row.subsystem)
			}
			section := file.Section(".rsrc")
			if section == nil {
				t.Fatal("no resources")
			}
			data, err := section.Data()
			if err != nil {
				t.Fatal(err)
			}
			wantResources(t, data)
			t.Logf("subsystem %d; icon, version %s, manifest with permonitorv2 and longPathAware", header.Subsystem, os.Getenv("WINDOWS_VERSION"))
		})
	}
}

// TestWindowsScriptsAreReadByCmd: cmd.exe loses its place in a script with other line
// ends, and reads other characters in the code page of the machine.
func TestWindowsScriptsAreReadByCmd(t *testing.T) {
	scripts, err := filepath.Glob("../../../assets/packaging/windows/*.cmd")
	if err != nil || len(scripts) != 2 {
		t.Fatalf("%v, %v", scripts, err)
	}
	for _, path := range scripts {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Count(text, []byte("\n")) != bytes.Count(text, []byte("\r\n")) || !bytes.HasSuffix(text, []byte("\r\n")) {
				t.Error("its lines do not all end in CRLF")
			}
			if i := bytes.IndexFunc(text, func(r rune) bool { return r > 0x7e }); i >= 0 {
				t.Errorf("byte %d is not ASCII", i)
			}
		})
	}
}

// wantResources looks into a resource section: its first table lists the types, each
// with the number that winuser.h gives it.
func wantResources(t *testing.T, data []byte) {
	t.Helper()
	const tableHead, entrySize = 16, 8
	types := map[uint32]bool{}
	named, numbered := binary.LittleEndian.Uint16(data[12:]), binary.LittleEndian.Uint16(data[14:])
	for i := range int(named) + int(numbered) {
		types[binary.LittleEndian.Uint32(data[tableHead+i*entrySize:])] = true
	}
	for number, name := range map[uint32]string{3: "RT_ICON", 14: "RT_GROUP_ICON", 16: "RT_VERSION", 24: "RT_MANIFEST"} {
		if !types[number] {
			t.Errorf("no %s", name)
		}
	}
	for name, want := range map[string][]byte{
		"DPI awareness in the manifest": []byte("permonitorv2"),
		"long paths in the manifest":    []byte("longPathAware"),
		"version":                       utf16Text(os.Getenv("WINDOWS_VERSION")),
	} {
		if !bytes.Contains(data, want) {
			t.Errorf("no %s", name)
		}
	}
}

// utf16Text is text as a version resource holds it.
func utf16Text(s string) (text []byte) {
	for _, unit := range utf16.Encode([]rune(s)) {
		text = binary.LittleEndian.AppendUint16(text, unit)
	}
	return text
}
