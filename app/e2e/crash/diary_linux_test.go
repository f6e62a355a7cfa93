package crash

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/tokens"
)

// diary writes down what the user is told, a line each.
type diary string

func (d diary) write(line string) {
	f, err := os.OpenFile(string(d), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintln(f, line)
}

func (d diary) ReconnectRequired(st tokens.Status, _ func()) {
	d.write("death " + st.Name + " " + string(st.Reason))
}
func (d diary) OnShown(func(tokens.Status)) {}
func (d diary) Withdraw(string)             {}
func (d diary) Info(string, string, string) {}
func (d diary) Settle(string)               {}
func (d diary) Warn(about, title, body string) {
	d.write("warning " + about + " " + title + " " + body)
}
func (d diary) Ask(context.Context, notify.Question) (string, error) {
	return "", notify.ErrCannotAsk
}
func (d diary) Questions() []notify.Question            { return nil }
func (d diary) Answer(string, string)                   {}
func (d diary) OnAsked(func(string))                    {}
func (d diary) Configure(bool, bool)                    {}
func (d diary) Health() (api.NotificationState, string) { return api.NotificationNone, "" }

// seenDiary is one that the user reads at once.
type seenDiary struct {
	diary
	shown func(tokens.Status)
}

func (d *seenDiary) OnShown(f func(tokens.Status)) { d.shown = f }

func (d *seenDiary) ReconnectRequired(st tokens.Status, again func()) {
	d.diary.ReconnectRequired(st, again)
	d.shown(st)
}

// mortalDiary is one whose writer may die of it.
type mortalDiary struct {
	seenDiary
	plan *plan
}

func (d *mortalDiary) ReconnectRequired(st tokens.Status, again func()) {
	d.plan.tell(st.Name, func() { d.diary.ReconnectRequired(st, again) })
	d.shown(st)
}

// told is how often the user was told that a connection has died.
func (d diary) told(name string) int { return d.count("death " + name + " ") }

// warned is how often the user was warned of a connection.
func (d diary) warned(name string) int { return d.count("warning " + name + " ") }

func (d diary) count(what string) int {
	text, err := os.ReadFile(string(d))
	if err != nil {
		return 0
	}
	return strings.Count(string(text), what)
}
