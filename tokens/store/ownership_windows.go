package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// OwnKeychain takes the Credential Manager's items of a service, by a mutex of
// that user's in all their sessions. *TakenError: another process has them.
//
// Nobody waits for the mutex: it is there for as long as one process has it
// open, whichever thread made it.
func OwnKeychain(ctx context.Context, service, _ string, _ *slog.Logger) (*Ownership, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, fmt.Errorf("this process's user cannot be told: %w", err)
	}
	sid := user.User.Sid.String()
	name, err := windows.UTF16PtrFromString(`Global\authtray-keychain-` + sid + "-" + service)
	if err != nil {
		return nil, err
	}
	access, err := windows.SecurityDescriptorFromString(fmt.Sprintf("D:P(A;;GA;;;%s)(A;;GA;;;SY)", sid))
	if err != nil {
		return nil, err
	}
	attributes := &windows.SecurityAttributes{SecurityDescriptor: access}
	attributes.Length = uint32(unsafe.Sizeof(*attributes))
	for end := time.Now().Add(endTime); ; {
		mutex, err := windows.CreateMutex(attributes, false, name)
		if err == nil {
			// Only once: afterwards the handle's number may be another thing's.
			return &Ownership{release: sync.OnceFunc(func() { _ = windows.CloseHandle(mutex) })}, nil
		}
		if mutex != 0 {
			_ = windows.CloseHandle(mutex)
		}
		switch {
		case !errors.Is(err, windows.ERROR_ALREADY_EXISTS):
			return nil, fmt.Errorf("the mutex of this keychain cannot be made: %w", err)
		case time.Now().After(end):
			return nil, &TakenError{}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
