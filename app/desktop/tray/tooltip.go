package tray

import (
	"strconv"
	"time"
	"unicode/utf16"

	"github.com/authtray/authtray/tokens"
)

// maxTooltip is what fits on Windows, in UTF-16 units and without the closing zero.
const maxTooltip = 127

// Tooltip says in one line what is wrong and what to do about it, or that nothing
// is; the words about a connection in trouble are in tokens/explanations.go. It is
// never cut in the middle while a shorter way to say it is left.
// profile is the named profile, "" for the default one.
func Tooltip(all []tokens.Status, profile string, in Surroundings) string {
	said := texts(all, in)
	line := ""
	for _, who := range names(profile) {
		for _, text := range said {
			if line = clean(who+": "+text, 2*maxTooltip); fits(line) {
				return line
			}
		}
	}
	for max := maxTooltip; !fits(line); max-- {
		line = clean(line, max)
	}
	return line
}

func fits(line string) bool { return len(utf16.Encode([]rune(line))) <= maxTooltip }

// names are what Authtray is called in the tooltip, the longest first.
func names(profile string) []string {
	if profile == "" {
		return []string{"Authtray"}
	}
	return []string{"Authtray (" + clean(profile, maxName) + ")", "Authtray"}
}

// texts are the ways to say how the connections are, the longest first.
func texts(all []tokens.Status, in Surroundings) []string {
	if len(in.Questions) > 0 { // whoever asks waits for no more than half a minute
		return []string{in.Questions[0].Title}
	}
	var worst []tokens.Status
	shape := ShapeOf(all, in.Now)
	for _, st := range all {
		if shape != Fine && shapeOf(st, in.Now) == shape {
			worst = append(worst, st)
		}
	}
	if len(worst) == 0 {
		return []string{fineText(all, in)}
	}
	said := sentences(worst[0], all, in)
	if len(worst) == 1 {
		return said
	}
	count := strconv.Itoa(len(worst))
	for i, first := range said {
		if said[i] = in.tr("{{.Count}} connections need you. First: {{.Sentence}}", "Count", count, "Sentence", first); shape == Working {
			said[i] = in.tr("{{.Count}} connections are being worked on. First: {{.Sentence}}", "Count", count, "Sentence", first)
		}
	}
	return said
}

func fineText(all []tokens.Status, in Surroundings) string {
	connected := 0
	for _, st := range all {
		if st.State == tokens.Connected {
			connected++
		}
	}
	switch {
	case len(all) == 0:
		return in.tr("no connections yet. Open Authtray from the menu to add one.")
	case connected == 0:
		return in.tr("nothing is connected. Choose Connect in the menu.")
	case connected == 1:
		return in.tr("1 connection is fine")
	}
	return in.tr("{{.Count}} connections are fine", "Count", strconv.Itoa(connected))
}

// sentences are the ways to say what is wrong with one connection, the longest
// first, each with what to do about it. The detail of its status says it best; the
// short ones have what to do first, and the shortest call the connection by the
// name that the user gave it. A token that is not in the keychain hides nothing
// else that is wrong, and is not told beside what says already what to do with that.
func sentences(st tokens.Status, all []tokens.Status, in Surroundings) []string {
	action, why := actionFor(st, nameOf(st, all), in)
	shortest, _ := actionFor(st, st.Name, in)
	ways := []string{action + ": " + why + ".", action + ".", shortest + "."}
	if st.Detail != "" && st.State != tokens.Connecting {
		ways = append([]string{said(st, in.Language)}, ways...)
	}
	if !st.Unsaved || st.State == tokens.Connected || namesKeychain(st) {
		return ways
	}
	var both []string
	for _, s := range ways {
		both = append(both, in.tr("Unlock the keychain: the new token is not saved.")+" "+s, in.tr(tokens.Unsaved.Action)+". "+s)
	}
	return both
}

// namesKeychain: what to do with the keychain is the step to take, or part of it.
func namesKeychain(st tokens.Status) bool {
	return st.State == tokens.KeychainLocked || st.Reason == tokens.ReasonNotKept
}

func retryText(st tokens.Status, in Surroundings) string {
	if st.RetryAt == nil {
		return in.tr("trying again")
	}
	return in.tr("trying again at {{.Time}}", "Time", in.clockTime(*st.RetryAt))
}

// actionFor is what to do about a connection and why, in as few words as a tooltip
// has room for. name is what the connection is called.
func actionFor(st tokens.Status, name string, in Surroundings) (action, why string) {
	e := tokens.Explain(st.State, st.Reason)
	action, why = in.tr(e.Action, "Name", name), in.tr(e.Short, "Name", name)
	if st.State == tokens.Retrying && st.RetryAt != nil {
		action = in.tr("{{.Action}} at {{.Time}}", "Action", action, "Time", in.clockTime(*st.RetryAt))
	}
	return action, why
}

// Shape is what the icon looks like. The three differ in shape, not in colour alone.
type Shape int

const (
	Fine     Shape = iota // nothing to do, or nothing connected
	Working               // something is under way and the user need not act
	NeedsYou              // something does not go on without the user
)

func (s Shape) String() string { return [...]string{"fine", "working", "needs you"}[s] }

// ShapeOf is the icon's shape: that of the connection that is worst off.
func ShapeOf(all []tokens.Status, now time.Time) Shape {
	worst := Fine
	for _, st := range all {
		worst = max(worst, shapeOf(st, now))
	}
	return worst
}

// shapeOf is the table behind ShapeOf. A grant that is not in the keychain yet
// needs the user: it is lost if the agent ends. So does one that is tried again in
// vain since its token ran out: tools stand still.
func shapeOf(st tokens.Status, now time.Time) Shape {
	switch st.State {
	case tokens.ReconnectRequired, tokens.Misconfigured, tokens.KeychainLocked:
		return NeedsYou
	case tokens.Retrying:
		if at, ok := noTokenFrom(st); ok && !now.Before(at) {
			return NeedsYou
		}
		return worse(Working, st.Unsaved)
	case tokens.Connecting:
		return worse(Working, st.Unsaved)
	}
	return worse(Fine, st.Unsaved)
}

func worse(s Shape, unsaved bool) Shape {
	if unsaved {
		return NeedsYou
	}
	return s
}

// noTokenFor is how long after its end a token may be missing before that is the
// user's concern: a machine that wakes is without a network for a while.
const noTokenFor = 5 * time.Minute

// noTokenFrom is when it will be the user's concern that a connection is tried again.
func noTokenFrom(st tokens.Status) (time.Time, bool) {
	if st.State != tokens.Retrying || st.NeverExpires || st.ExpiresAt == nil {
		return time.Time{}, false
	}
	return st.ExpiresAt.Add(noTokenFor), true
}

// nextChange is when the icon will look otherwise though nothing happens until then;
// zero: never.
func nextChange(all []tokens.Status, now time.Time) (next time.Time) {
	for _, st := range all {
		if at, ok := noTokenFrom(st); ok && now.Before(at) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}
