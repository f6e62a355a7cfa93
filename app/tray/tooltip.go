package tray

import (
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/authtray/authtray/tokens"
)

// maxTooltip is what fits on Windows, in UTF-16 units and without the closing zero.
const maxTooltip = 127

// Tooltip says in one line what is wrong, or that nothing is. profile is the
// named profile, "" for the default one.
func Tooltip(all []tokens.Status, profile string, now time.Time) string {
	who := "Authtray"
	if profile != "" {
		who += " (" + clean(profile, maxName) + ")"
	}
	line := clean(who+": "+trouble(all, now), maxTooltip)
	for max := maxTooltip - 1; len(utf16.Encode([]rune(line))) > maxTooltip; max-- {
		line = clean(line, max)
	}
	return line
}

func trouble(all []tokens.Status, now time.Time) string {
	var worst []tokens.Status
	shape := ShapeOf(all)
	for _, st := range all {
		if shape != Fine && shapeOf(st) == shape {
			worst = append(worst, st)
		}
	}
	switch len(worst) {
	case 0:
		return fineText(all)
	case 1:
		return sentence(worst[0], all, now)
	}
	more := fmt.Sprintf("%d connections need you", len(worst))
	if shape == Working {
		more = fmt.Sprintf("%d connections are being worked on", len(worst))
	}
	return more + ". First: " + sentence(worst[0], all, now)
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
		return "no connections yet"
	case connected == 0:
		return "nothing is connected"
	case connected == 1:
		return "1 connection is fine"
	}
	return fmt.Sprintf("%d connections are fine", connected)
}

// sentence says what is wrong with one connection. The detail of its status
// says it best; where there is none, the state does.
func sentence(st tokens.Status, all []tokens.Status, now time.Time) string {
	name := nameOf(st, all)
	switch {
	case st.State == tokens.Connecting:
		return name + " waits for you in the browser"
	case st.Unsaved:
		return "the new token of " + name + " could not be saved in the keychain"
	case st.Detail != "":
		return clean(st.Detail, maxDetail)
	case st.State == tokens.Retrying:
		return name + " cannot be reached; " + retryText(st, now)
	case st.State == tokens.Misconfigured:
		return name + " is set up wrongly"
	case st.State == tokens.KeychainLocked:
		return "the keychain is locked"
	}
	return name + " needs to be reconnected"
}

func retryText(st tokens.Status, now time.Time) string {
	if st.RetryAt == nil {
		return "trying again"
	}
	return "trying again at " + clockTime(*st.RetryAt, now)
}
