package tray

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/lang"
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

// Do is what choosing an entry does: a verb and the connection it is about, or the
// question and which of its answers.
type Do struct {
	Verb Verb
	Name string
	Key  string
}

// Verb is what the user can ask for.
type Verb string

const (
	Nothing         Verb = ""
	Connect         Verb = "connect"
	Reconnect       Verb = "reconnect"
	Refresh         Verb = "refresh"
	CopyToken       Verb = "copy token"
	UnlockKeychain  Verb = "unlock keychain"
	Answer          Verb = "answer"
	Open            Verb = "open"
	ToggleAutostart Verb = "toggle autostart"
	Quit            Verb = "quit"
)

// Surroundings is what a menu depends on besides the connections.
type Surroundings struct {
	Now       time.Time // in the user's time zone
	CanCopy   bool
	Autostart bool
	MCP       func(name string) *api.MCP // of connections to MCP servers; may be nil
	Questions []Question                 // that wait for their answer, the oldest first
	Language  *lang.Language
}

// Question is one that the user is asked by a notification (notify.Question, which
// this package cannot know: there Windows' notifications come from the tray's icon).
type Question struct {
	ID, Title, Body string
	Answers         []Choice
}

// Choice is an answer.
type Choice struct{ Key, Label string }

func (in Surroundings) tr(template string, pairs ...string) string {
	return in.Language.Tr(template, pairs...)
}

// leading is an entry that leads to something else: a browser, a question.
func (in Surroundings) leading(action string) string {
	return in.tr("{{.Action}}…", "Action", action)
}

var separator = Item{Separator: true}

// What a menu holds: a longer one does not fit on a screen. Everything else is in
// the window.
const (
	maxConnections = 8
	maxUrgent      = 5
)

// Build makes the menu: the window, what needs the user, then the connections, then
// what is always there. Labels are plain text.
func Build(all []tokens.Status, in Surroundings) Menu {
	m := Menu{{Label: in.tr("Open Authtray…"), Do: Do{Verb: Open}}, separator}
	if urgent := append(questions(in), needsUser(all, in)...); len(urgent) > 0 {
		m = append(append(m, upTo(maxUrgent, urgent, in.tr("All {{.Count}} that need you…", "Count", strconv.Itoa(len(urgent))))...), separator)
	}
	for _, st := range foremost(all, in.Now) {
		m = append(m, connection(st, in))
	}
	if n := len(all); n > maxConnections {
		m = append(m, Item{Label: in.tr("All {{.Count}} connections…", "Count", strconv.Itoa(n)), Do: Do{Verb: Open}})
	}
	if len(all) == 0 {
		m = append(m, disabled(in.tr("No connections yet")))
	}
	return append(m, separator,
		Item{Label: in.tr("Start at login"), Check: true, Checked: in.Autostart, Do: Do{Verb: ToggleAutostart}},
		separator,
		Item{Label: in.tr("Quit Authtray"), Do: Do{Verb: Quit}},
	)
}

// upTo is a menu of at most so many entries; where there are more, the last one
// opens the window.
func upTo(most int, m Menu, all string) Menu {
	if len(m) <= most {
		return m
	}
	return append(m[:most-1:most-1], Item{Label: all, Do: Do{Verb: Open}})
}

// foremost are the connections that have room in the menu: those that need the
// user, then those with a token, in the order that they have anyway.
func foremost(all []tokens.Status, now time.Time) []tokens.Status {
	if len(all) <= maxConnections {
		return all
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank(all[a], now), rank(all[b], now)) })
	order = order[:maxConnections]
	slices.Sort(order)
	var out []tokens.Status
	for _, i := range order {
		out = append(out, all[i])
	}
	return out
}

func rank(st tokens.Status, now time.Time) int {
	switch {
	case shapeOf(st, now) == NeedsYou:
		return 0
	case st.State == tokens.Disconnected:
		return 2
	}
	return 1
}

// needsUser is one entry for each thing that only the user can fix; the keychain
// is one thing for all connections.
func needsUser(all []tokens.Status, in Surroundings) Menu {
	var dead, wrong, keychain Menu
	for _, st := range all {
		action := in.leading(in.tr(tokens.Explain(st.State, st.Reason).Action, "Name", short(st.Name)))
		switch {
		case st.State == tokens.ReconnectRequired:
			dead = append(dead, Item{Label: action, Do: Do{Verb: Reconnect, Name: st.Name}})
		case st.State == tokens.Misconfigured:
			wrong = append(wrong, Item{Label: action, Do: Do{Verb: Open, Name: st.Name}})
		case st.State == tokens.KeychainLocked:
			keychain = Menu{unlock(st, in)}
		case st.Unsaved:
			keychain = Menu{{Label: in.leading(in.tr(tokens.Unsaved.Button)), Do: Do{Verb: UnlockKeychain}}}
		}
	}
	return append(append(dead, keychain...), wrong...)
}

// questions has one entry for each question that waits. Its answers are a level below,
// so that a click that was meant for an entry which stood there before answers nothing.
func questions(in Surroundings) (m Menu) {
	for _, q := range in.Questions {
		var below Menu
		for sentence := range strings.SplitAfterSeq(q.Body, ". ") {
			below = append(below, disabled(clean(sentence, maxSentence)))
		}
		for _, a := range q.Answers {
			below = append(below, Item{Label: clean(a.Label, maxLabel), Do: Do{Verb: Answer, Name: q.ID, Key: a.Key}})
		}
		m = append(m, Item{Label: clean(q.Title, maxLabel), Items: below})
	}
	return m
}

// unlock is the entry for a keychain that cannot be read.
func unlock(st tokens.Status, in Surroundings) Item {
	return Item{Label: button(st, in), Do: Do{Verb: UnlockKeychain}}
}

// button is what leads on from a connection's state.
func button(st tokens.Status, in Surroundings) string {
	return in.leading(in.tr(tokens.Explain(st.State, st.Reason).Button))
}

// connection leads with the name that tools and the window have for it.
func connection(st tokens.Status, in Surroundings) Item {
	label := short(st.Name)
	if account := short(st.Account); account != "" {
		label += " · " + account
	}
	return Item{Label: clean(label+" · "+stateText(st, in), maxLabel), Items: below(st, in)}
}

func stateText(st tokens.Status, in Surroundings) string {
	switch st.State {
	case tokens.Retrying:
		return retryText(st, in)
	case tokens.Connected:
		return expiryText(st, in)
	}
	return in.tr(st.State.Word())
}

func expiryText(st tokens.Status, in Surroundings) string {
	switch {
	case st.ExpiresAt != nil && api.RenewedWhenAsked(st): // when it ends the menu is not drawn again
		return in.tr("renewed when asked for")
	case st.ExpiresAt != nil:
		return in.tr("until {{.Time}}", "Time", in.clockTime(*st.ExpiresAt))
	case st.NeverExpires:
		return in.tr("does not expire")
	}
	return in.tr("connected")
}

// below is what can be done with one connection in its state.
func below(st tokens.Status, in Surroundings) Menu {
	var m Menu
	if detail := clean(said(st, in.Language), maxLabel); detail != "" {
		m = append(m, disabled(detail))
	}
	switch st.State {
	case tokens.Disconnected:
		return append(m, Item{Label: button(st, in), Do: Do{Verb: Connect, Name: st.Name}})
	case tokens.Connecting:
		return append(m, Item{Label: button(st, in), Do: Do{Verb: Connect, Name: st.Name}})
	case tokens.ReconnectRequired:
		m = append(m, Item{Label: button(st, in), Do: Do{Verb: Reconnect, Name: st.Name}})
		if st.Parked() {
			m = append(m, Item{Label: in.tr(tryAgain), Do: Do{Verb: Refresh, Name: st.Name}})
		}
	case tokens.KeychainLocked:
		m = append(m, unlock(st, in))
	default:
		m = append(m, withToken(st, in)...)
	}
	return append(append(m, server(st, in)...), manage(st, in))
}

// server is what there is to know of a connection's MCP server.
func server(st tokens.Status, in Surroundings) (m Menu) {
	if in.MCP == nil {
		return nil
	}
	now := in.MCP(st.Name)
	if now == nil {
		return nil
	}
	if name := clean(now.Server, maxName); name != "" {
		m = append(m, disabled(in.tr("MCP server {{.Name}}", "Name", name)))
	}
	switch n := len(now.Clients); n {
	case 0:
		return append(m, disabled(in.tr("No AI client is connected")))
	case 1:
		return append(m, disabled(clean(in.tr("AI client: {{.Name}}", "Name", in.unnamed(now.Clients[0])), maxLabel)))
	default:
		var names []string
		for _, client := range slices.Compact(slices.Clone(now.Clients)) {
			names = append(names, in.unnamed(client))
		}
		return append(m, disabled(clean(in.tr("{{.Count}} AI clients: {{.Names}}", "Count", strconv.Itoa(n), "Names", strings.Join(names, ", ")), maxLabel)))
	}
}

func (in Surroundings) unnamed(client string) string {
	return cmp.Or(clean(client, maxName), in.tr("unnamed"))
}

// manage leads to what has to be asked for first: disconnecting ends an access at
// the provider, and a menu cannot ask.
func manage(st tokens.Status, in Surroundings) Item {
	return Item{Label: in.tr("Disconnect or change in Authtray…"), Do: Do{Verb: Open, Name: st.Name}}
}

// tryAgain is for whatever a refresh may still succeed with.
var tryAgain = tokens.Explain(tokens.Retrying, tokens.ReasonNone).Button

// withToken is for a connection that has, or will soon have, a token.
func withToken(st tokens.Status, in Surroundings) Menu {
	var m Menu
	if st.EndsSoon && st.EndsAt != nil {
		m = append(m, disabled(in.tr("This sign-in ends {{.Time}}", "Time", in.clockTime(*st.EndsAt))),
			Item{Label: in.leading(in.tr("Reconnect")), Do: Do{Verb: Reconnect, Name: st.Name}})
	}
	if in.CanCopy {
		m = append(m, Item{Label: in.tr("Copy token"), Do: Do{Verb: CopyToken, Name: st.Name}})
	} else { // the window needs no program for it
		m = append(m, Item{Label: in.tr("Copy token in Authtray…"), Do: Do{Verb: Open, Name: st.Name}})
	}
	switch {
	case st.State != tokens.Connected:
		m = append(m, Item{Label: in.tr(tryAgain), Do: Do{Verb: Refresh, Name: st.Name}})
	case st.Refreshable:
		m = append(m, Item{Label: in.tr("Refresh"), Do: Do{Verb: Refresh, Name: st.Name}})
	}
	return m
}

func disabled(s string) Item { return Item{Label: s, Disabled: true} }
