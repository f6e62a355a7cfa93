package agent

import (
	"context"
	"errors"
	"strings"

	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// secretKey is where a connection's client secret is kept.
func secretKey(name string) string { return name + "#secret" }

// secret gives a connection's client secret at each use; "" where there is none.
func (a *Agent) secret(name string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		value, err := a.opts.Store.Get(ctx, secretKey(name))
		if errors.Is(err, store.ErrAbsent) {
			return "", nil
		}
		return string(value), err
	}
}

// SetSecret implements api.Agent.
func (a *Agent) SetSecret(ctx context.Context, name, secret string) error {
	if _, err := a.manager.Status(name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, userTime)
	defer cancel()
	err := a.opts.Store.Set(ctx, secretKey(name), []byte(secret))
	if errors.Is(err, store.ErrLocked) {
		a.unlock()
		err = a.opts.Store.Set(ctx, secretKey(name), []byte(secret))
	}
	if err != nil {
		return keychainError(err)
	}
	a.files.touch(name) // what was refused for want of it may work now
	return nil
}

// keychainError is how a keychain that did not take something is told.
func keychainError(err error) error {
	if errors.Is(err, store.ErrLocked) {
		return &tokens.Error{
			Code: tokens.CodeKeychainLocked, Reason: tokens.ReasonKeychainLocked,
			Detail: "The keychain is locked, so nothing was kept. Unlock it and try again.",
		}
	}
	return &tokens.Error{
		Code: tokens.CodeKeychainLocked, Reason: tokens.ReasonKeychainUnavailable,
		Detail: "The keychain cannot be reached, so nothing was kept: " + strings.TrimPrefix(err.Error(), store.ErrUnavailable.Error()+": ") + ".",
	}
}
