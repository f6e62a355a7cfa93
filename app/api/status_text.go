package api

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// StateMarks tell the states apart without colour.
var StateMarks = map[tokens.State]string{
	tokens.Connected:         "●",
	tokens.Connecting:        "◌",
	tokens.Retrying:          "◐",
	tokens.Disconnected:      "○",
	tokens.ReconnectRequired: "✖",
	tokens.Misconfigured:     "✖",
	tokens.KeychainLocked:    "▲",
}

// StatusText is what `authtray status` prints: a table of the connections, what is the
// matter with those that are not connected, and what works less than it could. The
// socket gives it where text is asked for, so that the command need not be set up to
// write it.
func StatusText(all []Connection, notes []string, now time.Time) string {
	var out strings.Builder
	if len(all) == 0 {
		fmt.Fprintln(&out, "There are no connections yet. Add one: authtray add work --provider github")
	} else {
		t := tabwriter.NewWriter(&out, 0, 0, 3, ' ', 0)
		fmt.Fprintln(t, "NAME\tPROVIDER\tACCOUNT\tSTATE\tTOKEN")
		for _, st := range all {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s %s\t%s\n", st.Name, Cell(st.ProviderName, st.Provider), Cell(st.Account, "–"),
				StateMarks[st.State], st.State.Word(), Expiry(st.Status, now))
		}
		_ = t.Flush() // a strings.Builder takes everything
	}
	for _, st := range all {
		if (st.State != tokens.Connected || st.Unsaved) && st.Detail != "" {
			sentence, hint := StateSentence(st.Status)
			fmt.Fprintf(&out, "\n%s: %s\n", st.Name, Line(sentence, st.Said, hint))
		}
		if question := QuestionLine(st); question != "" {
			fmt.Fprintf(&out, "\n%s: %s\n", st.Name, question)
		}
	}
	for _, note := range notes {
		fmt.Fprintf(&out, "\nNote: %s\n", text.Line(note, 0))
	}
	return out.String()
}

// Cell is foreign text for a table.
func Cell(foreign, otherwise string) string {
	if foreign = text.Line(foreign, 0); foreign == "" {
		return otherwise
	}
	if r := []rune(foreign); len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return foreign
}

// Expiry says how long the token is good.
func Expiry(st tokens.Status, now time.Time) string {
	switch {
	case st.NeverExpires:
		return "never expires"
	case st.ExpiresAt == nil:
		return "–"
	case st.ExpiresAt.After(now):
		return "expires " + text.When(*st.ExpiresAt, now)
	case RenewedWhenAsked(st):
		return "renewed when asked for"
	}
	return "expired " + text.When(*st.ExpiresAt, now)
}

// RenewedWhenAsked reports whether whoever asks for the token of a connection gets a new
// one where it has ended: nothing is amiss then, and nobody renews it before
// (refresh = "on-demand").
func RenewedWhenAsked(st tokens.Status) bool {
	return st.State == tokens.Connected && st.Refreshable && st.OnDemand
}

// StateSentence is what is the matter with a connection that is not connected, and,
// where connecting again mends it, the command for that.
func StateSentence(st tokens.Status) (sentence, hint string) {
	switch st.State.Code() {
	case tokens.CodeDisconnected, tokens.CodeConnecting, tokens.CodeReconnectRequired:
		hint = "authtray connect " + st.Name
	}
	if st.Detail != "" {
		return st.Detail, hint
	}
	return st.Name + " is now " + st.State.Word(), hint
}

// QuestionLine is what the user is being asked, for a terminal, and where to answer;
// "" for nothing.
func QuestionLine(c Connection) string {
	if c.Question == "" {
		return ""
	}
	return text.Line(c.Question, 0) + " Answer in the notification, or in the menu of the Authtray icon."
}

// Line is a sentence for a terminal: what the provider said of it and, unless the
// sentence names a command already, the next step.
func Line(sentence, said, hint string) string {
	sentence = text.Line(sentence, 0)
	if said != "" {
		sentence = strings.TrimRight(sentence, ".") + fmt.Sprintf(" (it said %q)", text.Line(said, 0))
	}
	if hint == "" || strings.Contains(sentence, "authtray ") {
		return sentence
	}
	if strings.HasSuffix(sentence, "?") {
		return sentence + " Run: " + text.Line(hint, 0)
	}
	return strings.TrimRight(sentence, ".") + "; run: " + text.Line(hint, 0)
}
