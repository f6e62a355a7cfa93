package address

import (
	"fmt"
	"syscall"
)

// agent: pipes share one name space, so the user's SID is part of the name.
func agent(world string) (string, error) {
	token, err := syscall.OpenCurrentProcessToken()
	if err != nil {
		return "", fmt.Errorf("cannot tell who you are: %w", err)
	}
	defer token.Close()
	sid, err := UserSID(token)
	if err != nil {
		return "", fmt.Errorf("cannot tell who you are: %w", err)
	}
	return `\\.\pipe\` + world + "-" + sid, nil
}

// UserSID is the SID of a process token's user, as text.
func UserSID(token syscall.Token) (string, error) {
	user, err := token.GetTokenUser()
	if err != nil {
		return "", err
	}
	return user.User.Sid.String()
}
