package store

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// failing has a function of the Credential Manager fail with code in this process, until
// the returned function is called: its first bytes become a jump to code that sets the
// error and returns FALSE.
func failing(t *testing.T, function string, code syscall.Errno) (mend func()) {
	t.Helper()
	setLastError := windows.NewLazySystemDLL("kernel32.dll").NewProc("SetLastError")
	target := windows.NewLazySystemDLL("advapi32.dll").NewProc(function)
	if err := errors.Join(setLastError.Find(), target.Find()); err != nil {
		t.Fatal(err)
	}
	word64 := func(v uintptr) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(v)) }
	fails := append([]byte{0x48, 0x83, 0xEC, 0x28, 0xB9}, binary.LittleEndian.AppendUint32(nil, uint32(code))...) // sub rsp, 40; mov ecx, code
	fails = append(append(fails, 0x48, 0xB8), word64(setLastError.Addr())...)                                     // mov rax, SetLastError
	fails = append(fails, 0xFF, 0xD0, 0x31, 0xC0, 0x48, 0x83, 0xC4, 0x28, 0xC3)                                   // call rax; xor eax, eax; add rsp, 40; ret
	page, err := windows.VirtualAlloc(0, uintptr(len(fails)), windows.MEM_COMMIT|windows.MEM_RESERVE, windows.PAGE_EXECUTE_READWRITE)
	if err != nil {
		t.Fatal(err)
	}
	write(t, page, fails)
	was := make([]byte, 12)
	copy(was, bytesAt(target.Addr(), len(was)))
	write(t, target.Addr(), append(append([]byte{0x48, 0xB8}, word64(page)...), 0xFF, 0xE0)) // mov rax, page; jmp rax
	mended := false
	mend = func() {
		if !mended {
			write(t, target.Addr(), was)
		}
		mended = true
	}
	t.Cleanup(mend)
	return mend
}

// bytesAt is memory that is not Go's.
func bytesAt(address uintptr, n int) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), n)
}

func write(t *testing.T, address uintptr, code []byte) {
	t.Helper()
	var was uint32
	if err := windows.VirtualProtect(address, uintptr(len(code)), windows.PAGE_EXECUTE_READWRITE, &was); err != nil {
		t.Fatal(err)
	}
	copy(bytesAt(address, len(code)), code)
	if err := windows.VirtualProtect(address, uintptr(len(code)), was, &was); err != nil {
		t.Fatal(err)
	}
}

func credentialManagerOf(t *testing.T) Store {
	t.Helper()
	s := Keychain("authtray-test-fault", slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := s.Delete(t.Context(), "work"); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
		s.Close()
	})
	return s
}

func TestAFullCredentialManagerKeepsWhatItHas(t *testing.T) {
	s := credentialManagerOf(t)
	large := strings.Repeat("of several items ", 1000)
	for _, value := range []string{"first", large} {
		if err := s.Set(t.Context(), "work", []byte(value)); err != nil {
			t.Fatal(err)
		}
		mend := failing(t, "CredWriteW", 1816)
		for _, other := range []string{"second", large + "second"} {
			err := s.Set(t.Context(), "work", []byte(other))
			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "the Credential Manager is full: remove entries") {
				t.Errorf("it says: %v", err)
			}
			if got, err := s.Get(t.Context(), "work"); err != nil || string(got) != value {
				t.Errorf("of %d bytes it has %d, %v", len(value), len(got), err)
			}
		}
		mend()
		if err := s.Set(t.Context(), "work", []byte("with room again")); err != nil {
			t.Error(err)
		}
	}
}

func TestACredentialManagerThatAPolicyForbidsIsNoKeychain(t *testing.T) {
	s := credentialManagerOf(t)
	for function, operation := range map[string]func() error{
		"CredReadW":   func() error { return s.Check(t.Context()) },
		"CredWriteW":  func() error { return s.Set(t.Context(), "work", []byte("value")) },
		"CredDeleteW": func() error { return s.Delete(t.Context(), "work") },
	} {
		t.Run(function, func(t *testing.T) {
			if err := s.Set(t.Context(), "work", []byte("value")); err != nil {
				t.Fatal(err)
			}
			failing(t, function, 1312)
			if err := operation(); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "a policy of this computer") {
				t.Errorf("it says: %v", err)
			}
		})
	}
}
