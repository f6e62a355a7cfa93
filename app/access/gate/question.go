package gate

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/app/shellquote"
	"github.com/authtray/authtray/tokens"
)

// The answers of a question. No answer, "", is a no.
const (
	once   = "once"
	always = "always"
	deny   = "deny"
)

// question asks about a program, and calls the connection as called says. was says that
// another program of that path had been allowed.
func question(called string, s subject, was bool, l *lang.Language) notify.Question {
	who, file := program(s.Exe), shown(s.Exe)
	if s.Exe == "" {
		who, file = l.Tr("A program"), l.Tr("A program that the system does not name")
	}
	title := l.Tr("{{.Program}}: allow the token of {{.Name}}?", "Program", who, "Name", called)
	body := l.Tr("{{.Program}} (process {{.PID}}) wants to read it.", "Program", file, "PID", strconv.Itoa(s.PID))
	if s.changes {
		title = l.Tr("{{.Program}}: allow to change {{.Name}}?", "Program", who, "Name", called)
		body = l.Tr("{{.Program}} (process {{.PID}}) wants to change its settings. Whoever may do that may read its token, too.", "Program", file, "PID", strconv.Itoa(s.PID))
	}
	if s.starter != "" {
		body += " " + l.Tr("It was started by {{.Program}}.", "Program", s.starter)
	}
	if was {
		body += " " + l.Tr("You allowed this program, but its file has changed since.")
	}
	q := notify.Question{Title: title, Body: body}
	q.Answers = append(q.Answers, notify.Answer{Key: once, Label: l.Tr("Allow once")})
	if !s.weak {
		q.Answers = append(q.Answers, notify.Answer{Key: always, Label: l.Tr("Always")})
	}
	q.Answers = append(q.Answers, notify.Answer{Key: deny, Label: l.Tr("Deny")})
	return q
}

func program(exe string) string {
	if exe == "" {
		return "A program"
	}
	return filepath.Base(exe)
}

func shown(exe string) string {
	if exe == "" {
		return "A program that the system does not name"
	}
	return exe
}

// refuse is a no, with the way on.
func refuse(connection string, s subject, format string, args ...any) error {
	e := &tokens.Error{Code: tokens.CodeNotAllowed, Detail: fmt.Sprintf(format, args...)}
	if s.weak {
		e.Detail += fmt.Sprintf(" To have nobody asked, take ask = true out of the file of %s.", connection)
	} else {
		e.Hint = "authtray allow " + connection + " " + shellquote.Word(shellquote.Local(), s.Exe)
	}
	return e
}

func denied(connection string, s subject) error {
	return refuse(connection, s, "You did not allow %s (process %d) to %s of %s.", program(s.Exe), s.PID, s.act(), connection)
}

func nobodyToAsk(connection string, s subject) error {
	return refuse(connection, s, "%s asks you before a new program (here %s) reads its token or changes its settings, and this desktop shows no notification with buttons to ask with.",
		connection, program(s.Exe))
}

func changed(connection string, s subject) error {
	return refuse(connection, s, "The process that asked for the token of %s ended, or runs another program now.", connection)
}

func unanswered(connection string, s subject) error {
	return &tokens.Error{Code: tokens.CodeTimeout,
		Detail: fmt.Sprintf("You were asked in a notification whether %s may %s of %s, and had not answered when its time was up.", program(s.Exe), s.act(), connection)}
}

// subject is the program that a question is about.
type subject struct {
	Program
	ours bool // the agent's own window: it shows what the user clicked
	weak bool // never to be allowed for good

	starter string // the program that started one that does what it is told; "": not known
	changes bool   // it wants to change the connection's settings, not to read its token
}

func (s subject) act() string {
	if s.changes {
		return "change the settings"
	}
	return "read the token"
}

// generations bounds how far up the programs that started authtray are looked at.
const generations = 8

// about finds the program behind a caller: the caller, or the nearest one above
// it where the caller is authtray.
func (s *sums) about(peer api.Peer) (subject, error) {
	p, err := s.look(peer.PID, peer.Exe)
	if err != nil {
		return subject{}, err
	}
	for range generations {
		if !s.isOwn(p) {
			return subject{Program: p, weak: !lasting(p), starter: starterOf(p)}, nil
		}
		if p.parent == os.Getpid() {
			return subject{Program: p, ours: true}, nil
		}
		above, err := s.look(p.parent, "")
		if err != nil || p.parent <= 1 { // who started it has ended
			break
		}
		p = above
	}
	return subject{Program: p, weak: true}, nil
}

// starterOf is what started a shell, an interpreter or their like: its own name says
// little. git, for one, has a shell ask.
func starterOf(p Program) string {
	if doesWhatItIsTold(p.Exe) == "" {
		return ""
	}
	_, exe, _ := above(p.PID)
	return exe
}

// lasting says whether an answer about a program can be for good.
func lasting(p Program) bool {
	return p.Sum != "" && filepath.IsAbs(p.Exe) && !strings.HasSuffix(p.Exe, " (deleted)") && doesWhatItIsTold(p.Exe) == ""
}

// isOwn tells authtray itself, also under another name.
func (s *sums) isOwn(p Program) bool {
	return own(p.Exe) || p.Sum != "" && p.Sum == ownSum()
}

func own(exe string) bool {
	name := strings.TrimSuffix(filepath.Base(exe), " (deleted)")
	name = strings.TrimSuffix(strings.ToLower(name), ".exe")
	return name == "authtray" || name == "authtray-window"
}

// ownSum is that of this program as it runs.
var ownSum = sync.OnceValue(func() string {
	p, err := (&sums{}).look(os.Getpid(), "")
	if err != nil || p.Sum == "" {
		return "-"
	}
	return p.Sum
})

// Parent is the program for which authtray asks, if the caller is authtray; for
// the record. ok is false where the caller is another program.
func Parent(peer api.Peer) (pid int, exe string, ok bool) {
	if !own(peer.Exe) {
		return 0, "", false
	}
	return above(peer.PID)
}
