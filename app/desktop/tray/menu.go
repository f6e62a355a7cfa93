package tray

import (
	"time"

	"github.com/authtray/authtray/tokens"
)

// Menu is the tray's menu: entries, and one level of entries below them. (GNOME
// limits the depth of sub-menus, and other hosts draw deep ones badly.)
type Menu []Item

// Item is one entry of the menu.
type Item struct {
	Label     string
	Separator bool // a line; nothing else counts
	Disabled  bool // text that cannot be chosen
	Check     bool // a checkbox
	Checked   bool
	Do        Do
	Items     Menu
}

// Do is what choosing an entry does: a verb and the connection it is about.
type Do struct {
	Verb Verb
	Name string
}

// Verb is what the user can ask for.
type Verb string

const (
	Nothing         Verb = ""
	Connect         Verb = "connect"
	Reconnect       Verb = "reconnect"
	Refresh         Verb = "refresh"
	Disconnect      Verb = "disconnect"
	CopyToken       Verb = "copy token"
	UnlockKeychain  Verb = "unlock keychain"
	Open            Verb = "open"
	ToggleAutostart Verb = "toggle autostart"
	Quit            Verb = "quit"
)

// Surroundings is what a menu depends on besides the connections.
type Surroundings struct {
	Now       time.Time // in the user's time zone
	CanCopy   bool
	Autostart bool
}

var separator = Item{Separator: true}

// Build makes the menu: what needs the user first, then every connection, then
// what is always there. Labels are plain text.
func Build(all []tokens.Status, in Surroundings) Menu {
	var m Menu
	if urgent := needsUser(all); len(urgent) > 0 {
		m = append(append(m, urgent...), separator)
	}
	for _, st := range all {
		m = append(m, connection(st, all, in))
	}
	if len(all) == 0 {
		m = append(m, disabled("No connections yet"))
	}
	return append(m, separator,
		Item{Label: "Open Authtray…", Do: Do{Verb: Open}},
		Item{Label: "Start at login", Check: true, Checked: in.Autostart, Do: Do{Verb: ToggleAutostart}},
		separator,
		Item{Label: "Quit Authtray", Do: Do{Verb: Quit}},
	)
}

// needsUser is one entry for each thing that only the user can fix; the keychain
// is one thing for all connections.
func needsUser(all []tokens.Status) Menu {
	var dead, wrong, keychain Menu
	for _, st := range all {
		action := tokens.English(tokens.Explain(st.State, st.Reason).Action, "Name", nameOf(st, all)) + "…"
		switch {
		case st.State == tokens.ReconnectRequired:
			dead = append(dead, Item{Label: action, Do: Do{Reconnect, st.Name}})
		case st.State == tokens.Misconfigured:
			wrong = append(wrong, Item{Label: action, Do: Do{Open, st.Name}})
		case st.State == tokens.KeychainLocked:
			keychain = Menu{unlock(st)}
		case st.Unsaved:
			keychain = Menu{{Label: tokens.Unsaved.Button + "…", Do: Do{Verb: UnlockKeychain}}}
		}
	}
	return append(append(dead, keychain...), wrong...)
}

// unlock is the entry for a keychain that cannot be read.
func unlock(st tokens.Status) Item { return Item{Label: button(st), Do: Do{Verb: UnlockKeychain}} }

// button is what leads on from a connection's state.
func button(st tokens.Status) string { return tokens.Explain(st.State, st.Reason).Button + "…" }

func connection(st tokens.Status, all []tokens.Status, in Surroundings) Item {
	label := nameOf(st, all)
	if account := clean(st.Account, maxName); account != "" {
		label += " · " + account
	}
	return Item{Label: label + " · " + stateText(st, in.Now), Items: below(st, in)}
}

func stateText(st tokens.Status, now time.Time) string {
	switch st.State {
	case tokens.Retrying:
		return retryText(st, now)
	case tokens.Connected:
		return expiryText(st, now)
	}
	return st.State.Word()
}

func expiryText(st tokens.Status, now time.Time) string {
	switch {
	case st.ExpiresAt != nil:
		return "until " + clockTime(*st.ExpiresAt, now)
	case st.NeverExpires:
		return "does not expire"
	}
	return "connected"
}

// below is what can be done with one connection in its state.
func below(st tokens.Status, in Surroundings) Menu {
	var m Menu
	if detail := clean(st.Detail, maxDetail); detail != "" {
		m = append(m, disabled(detail))
	}
	switch st.State {
	case tokens.Disconnected:
		return append(m, Item{Label: button(st), Do: Do{Connect, st.Name}})
	case tokens.Connecting:
		return append(m, Item{Label: button(st), Do: Do{Connect, st.Name}})
	case tokens.ReconnectRequired:
		m = append(m, Item{Label: button(st), Do: Do{Reconnect, st.Name}})
		if st.Parked() {
			m = append(m, Item{Label: tryAgain, Do: Do{Refresh, st.Name}})
		}
	case tokens.KeychainLocked:
		m = append(m, unlock(st))
	default:
		m = append(m, withToken(st, in)...)
	}
	return append(m, Item{Label: "Disconnect", Do: Do{Disconnect, st.Name}})
}

// tryAgain is for whatever a refresh may still succeed with.
var tryAgain = tokens.Explain(tokens.Retrying, tokens.ReasonNone).Button

// withToken is for a connection that has, or will soon have, a token.
func withToken(st tokens.Status, in Surroundings) Menu {
	var m Menu
	if st.EndsSoon && st.EndsAt != nil {
		m = append(m, disabled("This sign-in ends "+clockTime(*st.EndsAt, in.Now)),
			Item{Label: "Reconnect…", Do: Do{Reconnect, st.Name}})
	}
	if in.CanCopy {
		m = append(m, Item{Label: "Copy token", Do: Do{CopyToken, st.Name}})
	}
	switch {
	case st.State != tokens.Connected:
		m = append(m, Item{Label: tryAgain, Do: Do{Refresh, st.Name}})
	case st.Refreshable:
		m = append(m, Item{Label: "Refresh", Do: Do{Refresh, st.Name}})
	}
	return m
}

func disabled(s string) Item { return Item{Label: s, Disabled: true} }
