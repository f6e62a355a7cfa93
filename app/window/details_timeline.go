package window

import (
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// moment is one line of a connection's history: an event, or several of the
// same kind in a row.
type moment struct {
	tokens.Event     // the last of them
	count        int // of how many
	first        time.Time
}

// moments groups events that only repeat, newest first. Reasons keep them
// apart: two failures with different reasons are two stories.
func moments(events []tokens.Event) []moment {
	var out []moment
	for _, e := range events {
		if n := len(out); n > 0 && out[n-1].What == e.What && out[n-1].Reason == e.Reason {
			out[n-1].Event, out[n-1].count = e, out[n-1].count+1
			continue
		}
		out = append(out, moment{Event: e, count: 1, first: e.Time})
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// happening is how an event is told.
type happening struct {
	words func() string
	state tokens.State // whose shape and colour it has
}

var happenings = map[tokens.EventKind]happening{
	"connected":          {func() string { return tr("Connected") }, tokens.Connected},
	"refreshed":          {func() string { return tr("Token refreshed") }, tokens.Connected},
	"retrying":           {func() string { return tr("Refresh failed, trying again") }, tokens.Retrying},
	"misconfigured":      {func() string { return tr("The provider refused the settings") }, tokens.Misconfigured},
	"reconnect_required": {func() string { return tr("Access ended") }, tokens.ReconnectRequired},
	"disconnected":       {func() string { return tr("Disconnected") }, tokens.Disconnected},
	"keychain_locked":    {func() string { return tr("The keychain was locked") }, tokens.KeychainLocked},
	"connect_failed":     {func() string { return tr("Sign-in did not succeed") }, tokens.Misconfigured},
	"rejected":           {func() string { return tr("A tool's token was refused") }, tokens.Retrying},
}

func (m moment) words() string {
	text := tr("Something else happened") // told by an agent that is newer than this window
	switch h, ok := happenings[m.What]; {
	case m.What == tokens.EventConnectFailed:
		text = failureOf(m.Detail)
	case ok:
		text = h.words()
	}
	if m.count > 1 {
		text += " × " + strconv.Itoa(m.count)
	}
	return text
}

// failureOf says why a sign-in did not succeed, by the code that ends its detail.
func failureOf(detail string) string {
	switch {
	case strings.Contains(detail, "(other_account)"):
		return tr("Another account signed in")
	case strings.Contains(detail, "(access_denied"), strings.Contains(detail, "(denied"):
		return tr("Access was denied in the browser")
	case strings.Contains(detail, "(canceled"), strings.HasSuffix(detail, "was canceled"):
		return tr("Sign-in cancelled")
	case strings.HasPrefix(detail, "Nobody "):
		return tr("Nobody signed in")
	}
	return tr("Sign-in did not succeed")
}

// codes are those that stand behind a sentence for programs: "(connect_failed)",
// "(invalid_grant, HTTP 400)".
var codes = text.Pattern(`\s*\([a-z0-9_]+(, HTTP \d+)?\)`)

// told is what an event says besides what happened, without codes, in the desktop's
// language where it is one of our sentences.
func (m moment) told(provider string) string {
	s := tokens.Status{State: tokens.State(m.What), Reason: m.Reason, ProviderName: provider, Detail: m.Detail}
	if m.Detail == "" {
		return ""
	}
	return plain(codes().ReplaceAllString(statusSentence(s), ""))
}

func (m moment) look() look {
	if h, ok := happenings[m.What]; ok {
		return lookOf(h.state)
	}
	return lookOf(tokens.Connecting)
}

// timeline draws the history, newest first.
func timeline(provider string, events []tokens.Event, now time.Time) fyne.CanvasObject {
	box := spaced(0)
	all := moments(events)
	for i, m := range all {
		box.Add(container.New(thread{last: i == len(all)-1}, momentObjects(provider, m, now)...))
	}
	if len(all) == 0 {
		box.Add(caption(tr("Nothing has happened yet.")))
	}
	return box
}

func momentObjects(provider string, m moment, now time.Time) []fyne.CanvasObject {
	l := m.look()
	told := m.told(provider)
	detail := small(told)
	detail.Hidden = told == ""
	return []fyne.CanvasObject{
		newGround(theme.ColorNameSeparator, theme.ColorNameSeparator),
		canvas.NewImageFromResource(inColor(l.shape, l.color)),
		newLine(m.words()),
		caption(m.when(now)).fixed(),
		detail,
	}
}

// when is the time of the last, and of the first where there were many.
func (m moment) when(now time.Time) string {
	if m.count > 1 {
		return tr("{{.From}} to {{.To}}", "From", clockTime(m.first, now), "To", clockTime(m.Time, sameDay(m, now)))
	}
	return clockTime(m.Time, now)
}

// sameDay is the day from which the last time of a moment is told: a date is
// not said twice.
func sameDay(m moment, now time.Time) time.Time {
	if m.first.Local().Format(time.DateOnly) == m.Time.Local().Format(time.DateOnly) {
		return m.Time
	}
	return now
}

// thread lays a moment out: a shape on a thread that leads to the next one,
// words, time, and below them the detail.
type thread struct{ last bool }

func (t thread) Layout(o []fyne.CanvasObject, size fyne.Size) {
	stem, shape, words, when, detail := o[0], o[1], o[2], o[3], o[4]
	stem.(*ground).radius = 1
	if stem.Hide(); !t.last {
		stem.Show()
	}
	put(stem, 8, 24, 2, size.Height-24)
	put(shape, 1, 4, 16, 16)
	w := when.MinSize()
	put(when, size.Width-w.Width, 5, w.Width, w.Height)
	put(words, 30, 2, size.Width-w.Width-38, words.MinSize().Height)
	put(detail, 30-theme.InnerPadding(), 15, size.Width-30+2*theme.InnerPadding(), detail.MinSize().Height)
}

func (t thread) MinSize(o []fyne.CanvasObject) fyne.Size {
	height := float32(32)
	if detail := o[4].(*widget.Label); detail.Visible() {
		height = max(height, 15+detail.MinSize().Height)
	}
	return fyne.NewSize(200, height)
}
