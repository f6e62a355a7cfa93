package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/store"
)

// OwnKeychain is the profile's keychain, kept, for this process alone, wherever
// its folders and socket are; see store.Ownership. Where another process has it,
// kept is closed, and the error is a *store.TakenError.
func OwnKeychain(ctx context.Context, p config.Paths, kept store.Store, log *slog.Logger) (store.Store, *store.Ownership, error) {
	own, err := store.OwnKeychain(ctx, p.Service(), p.KeychainLock(), log)
	if err != nil {
		kept.Close()
		return nil, nil, err
	}
	return store.Owned(kept, own), own, nil
}

// startedTwice says what the user can do where another process has the
// connections that this agent was to keep.
func startedTwice(err error, replace bool) error {
	var taken *store.TakenError
	if !errors.As(err, &taken) {
		return err
	}
	end := "end it"
	if taken.PID != 0 {
		end = fmt.Sprintf("end it (kill %d)", taken.PID)
	}
	if replace {
		end = "--replace cannot ask it to end, since it answers on another socket: " + end
	}
	return fmt.Errorf("%w with other folders, and two would end each other's grants; %s, or set AUTHTRAY_PROFILE for connections of their own", err, end)
}

// lost is nil while the connections are this process's. Else nothing that
// concerns a grant is sent to a provider, and the user is told why.
func (k *keychain) lost() error {
	if err := k.own.Lost(); err != nil {
		return keychainError(err)
	}
	return nil
}

// lostNote is a sentence for status; "" where nothing is lost.
func (k *keychain) lostNote() string {
	err := k.own.Lost()
	if err == nil {
		return ""
	}
	return text.Sentence("Nothing is sent to providers, and nothing written: " + strings.TrimPrefix(err.Error(), store.ErrUnavailable.Error()+": "))
}
