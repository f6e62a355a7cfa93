package tray

import (
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/authtray/authtray/tokens"
)

// maxTooltip is what fits on Windows, in UTF-16 units and without the closing zero.
const maxTooltip = 127

// Tooltip says in one line what is wrong and what to do about it, or that nothing
// is. It is never cut in the middle while a shorter way to say it is left.
// profile is the named profile, "" for the default one.
func Tooltip(all []tokens.Status, profile string, now time.Time) string {
	said := texts(all, now)
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
func texts(all []tokens.Status, now time.Time) []string {
	var worst []tokens.Status
	shape := ShapeOf(all)
	for _, st := range all {
		if shape != Fine && shapeOf(st) == shape {
			worst = append(worst, st)
		}
	}
	if len(worst) == 0 {
		return []string{fineText(all)}
	}
	said := sentences(worst[0], all, now)
	if len(worst) == 1 {
		return said
	}
	more := fmt.Sprintf("%d connections need you", len(worst))
	if shape == Working {
		more = fmt.Sprintf("%d connections are being worked on", len(worst))
	}
	for i := range said {
		said[i] = more + ". First: " + said[i]
	}
	return said
}

func fineText(all []tokens.Status) string {
	connected := 0
	for _, st := range all {
		if st.State == tokens.Connected {
			connected++
		}
	}
	switch {
	case len(all) == 0:
		return "no connections yet. Open Authtray from the menu to add one."
	case connected == 0:
		return "nothing is connected. Choose Connect in the menu."
	case connected == 1:
		return "1 connection is fine"
	}
	return fmt.Sprintf("%d connections are fine", connected)
}

// sentences are the ways to say what is wrong with one connection, the longest
// first, each with what to do about it. The detail of its status says it best; the
// short ones have what to do first, and the shortest call the connection by the
// name that the user gave it. A token that is not in the keychain hides nothing
// else that is wrong, and is not told beside what says already what to do with that.
func sentences(st tokens.Status, all []tokens.Status, now time.Time) []string {
	short := stepFor(st, nameOf(st, all), now)
	said := []string{short.way + ": " + short.why + ".", short.way + ".", stepFor(st, st.Name, now).way + "."}
	if st.Detail != "" && st.State != tokens.Connecting {
		said = append([]string{st.Detail}, said...)
	}
	if !st.Unsaved || st.State == tokens.Connected || namesKeychain(st) {
		return said
	}
	var both []string
	for _, s := range said {
		both = append(both, unsavedText+s, "Unlock the keychain. "+s)
	}
	return both
}

// namesKeychain: what to do with the keychain is the step to take, or part of it.
func namesKeychain(st tokens.Status) bool {
	return st.State == tokens.KeychainLocked || st.Reason == tokens.ReasonNotKept
}

const unsavedText = "Unlock the keychain: the new token is not saved. "

func retryText(st tokens.Status, now time.Time) string {
	if st.RetryAt == nil {
		return "trying again"
	}
	return "trying again at " + clockTime(*st.RetryAt, now)
}

// step is what to do about a connection, and why, in as few words as a tooltip
// has room for. No full stops.
type step struct{ way, why string }

// stepFor is the table of steps. name is what the connection is called.
func stepFor(st tokens.Status, name string, now time.Time) step {
	switch st.State {
	case tokens.Disconnected:
		return step{"Connect " + name + " in the menu", "it is not connected"}
	case tokens.Connecting:
		return step{"Go on in the browser", name + " waits for you"}
	case tokens.Retrying:
		return retryStep(st, name, now)
	case tokens.ReconnectRequired:
		return reconnectStep(st.Reason, name)
	case tokens.Misconfigured:
		return mendStep(st.Reason, name)
	case tokens.KeychainLocked:
		if st.Reason == tokens.ReasonKeychainUnavailable {
			return step{"Start the keychain", "it cannot be reached"}
		}
		return step{"Unlock the keychain", "it is locked"}
	}
	return step{"Unlock the keychain", "the new token of " + name + " is not saved"} // connected, but for that
}

func retryStep(st tokens.Status, name string, now time.Time) step {
	s := step{"Trying " + name + " again", "it cannot be reached"}
	if st.RetryAt != nil {
		s.way += " at " + clockTime(*st.RetryAt, now)
	}
	switch st.Reason {
	case tokens.ReasonProviderTrouble:
		s.why = "it has trouble renewing the token"
	case tokens.ReasonUnclearRefusal:
		s.why = "it refuses to renew the token"
	case tokens.ReasonRefusedForNow:
		s.why = "it refuses to renew the token for now"
	}
	return s
}

func reconnectStep(r tokens.Reason, name string) step {
	if r == tokens.ReasonNotKept {
		return step{"Unlock the keychain and reconnect " + name, "the last sign-in is lost"}
	}
	why, ok := map[tokens.Reason]string{
		tokens.ReasonRevoked:          "access was revoked",
		tokens.ReasonAnswerLost:       "its answer was lost",
		tokens.ReasonAbsoluteLimit:    "the sign-in reached the end of its time",
		tokens.ReasonIdleLimit:        "it was not used for too long",
		tokens.ReasonRefused:          "it refused to renew the token",
		tokens.ReasonExpired:          "the token has expired",
		tokens.ReasonTokenRejected:    "it no longer takes the token",
		tokens.ReasonEndpointsChanged: "its address or client id changed",
		tokens.ReasonClientForgotten:  "it no longer knew Authtray",
		tokens.ReasonRecordDamaged:    "its keychain item cannot be read",
		tokens.ReasonNoteDamaged:      "the sign-in is over",
	}[r]
	if !ok {
		why = "access has ended"
	}
	return step{"Reconnect " + name, why}
}

func mendStep(r tokens.Reason, name string) step {
	switch r {
	case tokens.ReasonClientRefused:
		return step{"Check the client id and secret of " + name, "they are refused"}
	case tokens.ReasonConfiguration:
		return step{"Mend the configuration of " + name, "it cannot be used"}
	}
	return step{"Check the scopes and addresses of " + name, "the request is refused"}
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
func ShapeOf(all []tokens.Status) Shape {
	worst := Fine
	for _, st := range all {
		worst = max(worst, shapeOf(st))
	}
	return worst
}

// shapeOf is the table behind ShapeOf. A grant that is not in the keychain yet
// needs the user: it is lost if the agent ends.
func shapeOf(st tokens.Status) Shape {
	switch st.State {
	case tokens.ReconnectRequired, tokens.Misconfigured, tokens.KeychainLocked:
		return NeedsYou
	case tokens.Connecting, tokens.Retrying:
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
