//go:build desktop && linux

package window

import (
	"debug/elf"
	"testing"
)

func TestProgramsAreAsHardAsTheyCanBe(t *testing.T) {
	p := build(t)
	window, plain := headers(t, p.window), headers(t, p.authtray)
	if window.Type != elf.ET_DYN || !window.has(elf.DT_FLAGS_1, uint64(elf.DF_1_PIE)) {
		t.Errorf("the window is not position independent: %s", window.Type)
	}
	if window.segment(elf.PT_GNU_RELRO) == nil || !window.has(elf.DT_FLAGS_1, uint64(elf.DF_1_NOW)) {
		t.Error("the window's relocations stay writable")
	}
	if plain.Type != elf.ET_EXEC || plain.segment(elf.PT_INTERP) != nil || plain.segment(elf.PT_DYNAMIC) != nil {
		t.Errorf("the program without C is not a static file: %s", plain.Type)
	}
	for name, f := range map[string]program{"the window": window, "the program without C": plain} {
		if stack := f.segment(elf.PT_GNU_STACK); stack == nil || stack.Flags&elf.PF_X != 0 {
			t.Errorf("the stack of %s is executable", name)
		}
		for _, s := range f.Progs {
			if s.Type == elf.PT_LOAD && s.Flags&elf.PF_W != 0 && s.Flags&elf.PF_X != 0 {
				t.Errorf("%s has memory that is writable and executable", name)
			}
		}
	}
}

// program is the headers of one.
type program struct{ *elf.File }

func headers(t *testing.T, path string) program {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return program{f}
}

func (p program) segment(kind elf.ProgType) *elf.Prog {
	for _, s := range p.Progs {
		if s.Type == kind {
			return s
		}
	}
	return nil
}

// has reports whether all bits of a flag stand in the dynamic section.
func (p program) has(tag elf.DynTag, bits uint64) bool {
	values, err := p.DynValue(tag)
	return err == nil && len(values) == 1 && values[0]&bits == bits
}
