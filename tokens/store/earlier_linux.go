package store

import (
	"context"
	"errors"

	"github.com/godbus/dbus/v5"
)

// Who is logged in without a password has no keyring "login" until a screen locker or
// a later login makes one. go-keyring uses it from then on, and what it kept before, in
// the default keyring, would be gone for it. So an item that is asked for is brought
// from there, once that one is open.

// secret is a Secret of the Secret Service API.
type secret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

// bring moves items of one name into a collection; where it has that name already,
// what there was before is only deleted.
func bring(ctx context.Context, items []dbus.ObjectPath, into dbus.ObjectPath, isThere bool) error {
	shared, err := dbus.SessionBus()
	if err != nil {
		return err
	}
	call := func(object dbus.ObjectPath, method string, args ...any) *dbus.Call {
		return shared.Object(secretsName, object).CallWithContext(ctx, method, 0, args...)
	}
	var none dbus.Variant
	var session dbus.ObjectPath
	if err := call(secretsPath, serviceIface+".OpenSession", "plain", dbus.MakeVariant("")).Store(&none, &session); err != nil {
		return err
	}
	defer call(session, sessionIface+".Close")
	for _, item := range items {
		var value secret
		var label, attributes dbus.Variant
		made, prompt := noPath, noPath
		if !isThere {
			if err := errors.Join(call(item, itemIface+".GetSecret", session).Store(&value),
				call(item, propertiesIface+".Get", itemIface, "Label").Store(&label),
				call(item, propertiesIface+".Get", itemIface, "Attributes").Store(&attributes)); err != nil {
				return err
			}
			properties := map[string]dbus.Variant{itemIface + ".Label": label, itemIface + ".Attributes": attributes}
			if err := call(into, collectionIface+".CreateItem", properties, value, true).Store(&made, &prompt); err != nil || made == noPath {
				return errors.Join(err, errors.New("the keyring of the login does not take what was kept before"))
			}
		}
		if isThere = true; call(item, itemIface+".Delete").Store(&prompt) != nil || prompt != noPath {
			return errors.New("what was kept in another keyring before cannot be deleted there")
		}
	}
	return nil
}
