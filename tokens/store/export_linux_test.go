package store

import "context"

// WithoutLockCheck is items, over a keychain that is locked between the look
// and the call: go-keyring prompts then.
func WithoutLockCheck(items Items) Items {
	k := *items.(*goKeyring)
	k.door = blindDoor{k.door}
	return &k
}

type blindDoor struct{ door }

func (blindDoor) ready(context.Context) error { return nil }
