package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// This file starts KWallet; its items are read as those of any Secret Service
// (keychain.go).

// kwallets are the names that a bus can start KWallet by, the newest first, of which
// each is a Secret Service once it runs. The first is ksecretd, which is one since
// KDE Frameworks 6.13; kwalletd6 only passes calls on to it there.
var kwallets = []string{"org.kde.secretservicecompat", "org.kde.kwalletd6", "org.kde.kwalletd5"}

// kdeWallet is the wallet that every program of KDE uses and makes.
const kdeWallet = "kdewallet"

// startWallet starts KWallet where err says that there is no Secret Service and
// that the bus has none to start. It reports whether there may be one now.
func startWallet(ctx context.Context, bus *dbus.Conn, err error) bool {
	if unknown := (dbus.Error{}); !errors.As(err, &unknown) || unknown.Name != "org.freedesktop.DBus.Error.ServiceUnknown" {
		return false
	}
	var offered []string
	if bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.ListActivatableNames", 0).Store(&offered) != nil {
		return false
	}
	for _, name := range kwallets {
		if slices.Contains(offered, name) {
			return bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.StartServiceByName", 0, name, uint32(0)).Err == nil
		}
	}
	return false
}

// collectionLabel is what a first collection is called: on KDE as the wallet that
// its programs share, so that a fresh account does not get two of them.
func collectionLabel(ctx context.Context, bus *dbus.Conn) (string, error) {
	service := ownerOf(ctx, bus, secretsName)
	for _, name := range kwallets {
		if owner := ownerOf(ctx, bus, name); owner == "" || owner != service {
			continue
		}
		var wallets []string
		_ = bus.Object(name, dbus.ObjectPath("/modules/"+strings.TrimPrefix(name, "org.kde."))).
			CallWithContext(ctx, "org.kde.KWallet.wallets", 0).Store(&wallets)
		if slices.Contains(wallets, kdeWallet) {
			return "", ErrNextSession
		}
		return kdeWallet, nil
	}
	return "Default keyring", nil
}

// ownerOf is the unique name of who has a name on the bus, "" for nobody.
func ownerOf(ctx context.Context, bus *dbus.Conn, name string) (owner string) {
	_ = bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetNameOwner", 0, name).Store(&owner)
	return owner
}
