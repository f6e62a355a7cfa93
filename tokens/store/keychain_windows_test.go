package store

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

func TestTroubleOfTheCredentialManagerIsSaid(t *testing.T) {
	for _, row := range []struct {
		name string
		code syscall.Errno
		want string
	}{
		{"switched off", 1058, "start its service"},
		{"refused by a policy", 1312, "a policy of this computer"},
		{"full", 1816, "remove entries"},
		{"another", 5, "Access"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := classify(row.code); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v", err)
			}
		})
	}
}
