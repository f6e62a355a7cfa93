package agent

import (
	"context"
	"errors"
	"sync"

	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

func (a *Agent) Unlock(ctx context.Context) error {
	err := a.keychain.unlockAndWait(ctx)
	if errors.Is(err, store.ErrNoKeyring) {
		return &tokens.Error{Code: tokens.CodeKeychainLocked, Reason: tokens.ReasonKeychainMissing,
			Detail: "There is still no default keyring: the question for its password was dismissed, or not answered in time.", Hint: "authtray unlock"}
	}
	if errors.Is(err, store.ErrNextSession) {
		return &tokens.Error{Code: tokens.CodeKeychainLocked, Reason: tokens.ReasonKeychainMissing,
			Detail: "KWallet made its wallet at this login, and shows it to other programs from the next one on: log out and in."}
	}
	if errors.Is(err, store.ErrDenied) {
		return &tokens.Error{Code: tokens.CodeKeychainLocked, Reason: tokens.ReasonKeychainDenied,
			Detail: "KeePassXC does not let Authtray read its entries: start Authtray anew, and allow it when KeePassXC asks.", Hint: "authtray run --replace"}
	}
	if errors.Is(err, store.ErrLocked) {
		return &tokens.Error{Code: tokens.CodeKeychainLocked, Reason: tokens.ReasonKeychainLocked,
			Detail: "The keychain stays locked: the question was dismissed, or not answered in time.", Hint: "authtray unlock"}
	}
	if err != nil {
		return keychainError(err)
	}
	return nil
}

// unlockNotice tells the user of a locked keychain when a tool was told that it
// cannot have a token for it: once each time that it is locked, quietly, with a
// button that unlocks it. It is taken back when the keychain opens.
type unlockNotice struct {
	language *lang.Language
	notify   Notifier
	unlock   func()
	ended    context.Context // the agent's

	mu     sync.Mutex
	shown  bool // since the keychain was last open
	cancel context.CancelFunc
}

const (
	aboutLocked = "keychain locked"
	lockedTitle = "The keychain is locked"
	lockedText  = "A program asked for a token, and Authtray cannot read it."
)

// refused takes in why a tool got no token.
func (u *unlockNotice) refused(err error) {
	var e *tokens.Error
	if !errors.As(err, &e) || e.Code != tokens.CodeKeychainLocked || e.Reason == tokens.ReasonKeychainUnavailable {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.shown {
		return
	}
	u.shown = true
	var ctx context.Context
	ctx, u.cancel = context.WithCancel(u.ended)
	go u.showQuestion(ctx)
}

func (u *unlockNotice) showQuestion(ctx context.Context) {
	answer, err := u.notify.Ask(ctx, notify.Question{
		Title: u.language.Tr(lockedTitle), Body: u.language.Tr(lockedText), Quiet: true,
		Answers: []notify.Answer{{Key: "unlock", Label: u.language.Tr("Unlock")}},
	})
	switch {
	case ctx.Err() != nil:
	case err != nil:
		u.tell()
	case answer != "":
		u.unlock()
	}
}

// tell is the way without a button.
func (u *unlockNotice) tell() {
	u.notify.Warn(aboutLocked, u.language.Tr(lockedTitle), u.language.Tr(lockedText)+" "+
		u.language.Tr("Choose “Unlock the keychain…” in the menu of the Authtray icon, or run: authtray unlock"))
}

// follow takes the notification back where nothing is locked any more.
func (u *unlockNotice) follow(all []tokens.Status) {
	for _, st := range all {
		if st.State == tokens.KeychainLocked {
			return
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.shown {
		return
	}
	u.shown = false
	if u.cancel != nil {
		u.cancel()
		u.cancel = nil
	}
	u.notify.Settle(aboutLocked)
}
