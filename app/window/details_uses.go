package window

import (
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/setup"
	"github.com/authtray/authtray/providers/text"
)

// useCard says how tools get a connection's token: the commands that give it, the
// lines that have a tool ask by itself, and who read it last.
type useCard struct {
	*fyne.Container
	d               *details
	name            string // whose token it is; "" before there is one
	commands, tools *fyne.Container
	last            *line
	opened          *toolLines // of the tool that was chosen; nil: none
	below           *fyne.Container
}

func (d *details) newUseCard() *useCard {
	c := &useCard{d: d, commands: spaced(6), tools: flowed(), last: caption(""), below: container.NewStack()}
	readers := d.u.button(tr("Who reads it"), theme.NavigateNextIcon(), func() { d.u.readersOf(c.name) }).low()
	c.Container = card(tr("Use it"), c.commands, c.tools, c.below, container.NewBorder(nil, nil, nil, readers, middled(c.last)))
	c.below.Hide()
	c.Hide()
	return c
}

// show says how tools get the token of a connection; e is its provider's entry.
func (c *useCard) show(name string, e api.Provider) {
	c.Show()
	if c.name == name {
		return // keeps the focus where it is
	}
	c.name = name
	c.choose(tool{})
	c.commands.RemoveAll()
	for _, l := range commandsOf(name, e) {
		c.commands.Add(c.d.u.command(l))
	}
	c.tools.RemoveAll()
	label := newLine(tr("Set up:")).fixed()
	c.tools.Add(label)
	for _, t := range setupsOf(e) {
		b := c.d.u.button(t.name, nil, func() { c.choose(t) })
		if c.tools.Add(b); len(c.tools.Objects) == 2 { // as high as what it stands beside
			c.tools.Objects[0] = container.NewStack(space(1, b.MinSize().Height), middled(label))
		}
	}
}

// tick says who read the token last.
func (c *useCard) tick(now time.Time) {
	said := tr("No program has read it yet.")
	if r, ok := c.d.u.activity.lastOf(c.name); ok {
		said = tr("Last read by {{.Program}}, {{.Time}}", "Program", programOf(r), "Time", ago(r.Time, now))
	}
	c.last.set(said)
}

// choose shows the lines for a tool, and folds them where they are shown.
func (c *useCard) choose(t tool) {
	if t.name == "" && c.opened == nil {
		return // the list beside it need not be drawn for that
	}
	if c.below.Hidden = t.name == "" || c.opened != nil && c.opened.tool.name == t.name; c.below.Hidden {
		c.opened = nil
		c.below.RemoveAll()
	} else {
		c.opened = c.newToolLines(t)
		c.below.Objects = []fyne.CanvasObject{c.opened.object}
		c.opened.ask()
	}
	c.d.u.arrange(viewConnections)
}

// commandsOf are the commands that make something of a connection's token. That of an
// MCP server is what an AI client starts.
func commandsOf(name string, e api.Provider) []string {
	if e.HasQuirk("mcp_bootstrap") {
		return []string{"authtray mcp " + name}
	}
	lines := []string{"authtray token " + name}
	if e.API.Base != "" && e.API.Try != "" {
		lines = append(lines, "authtray request "+name+" "+plain(e.API.Try))
	}
	return lines
}

// command is a line for a terminal, with a button that copies it.
func (u *ui) command(text string) fyne.CanvasObject {
	mono := newLine(text)
	mono.style.Monospace = true
	copied := u.button(tr("Copy"), theme.ContentCopyIcon(), func() {
		u.clipboard.SetContent(text)
		u.say(tr("Command copied."))
	}).low()
	return container.NewBorder(nil, nil, nil, copied, middled(mono))
}

// tool is one that `authtray setup` knows the lines of.
type tool struct {
	name  string
	args  []string // of authtray setup; the connection's name follows
	hosts bool     // it is set up for hosts, which the connection may not name
	shown bool     // nothing is written: the lines go where the user wants them
}

// setupsOf are the tools that can use the tokens of a provider.
func setupsOf(e api.Provider) (all []tool) {
	if !e.HasQuirk("mcp_bootstrap") {
		return []tool{
			{name: "git", args: []string{"git"}, hosts: len(e.API.Git) == 0},
			{name: "docker", args: []string{"docker"}, hosts: true},
			{name: "kubectl", args: []string{"kubectl"}},
			{name: "curl", args: []string{"curl"}, shown: true},
		}
	}
	for _, client := range setup.MCPClients() {
		all = append(all, tool{name: client, args: []string{"mcp", "--client", client}})
	}
	return all
}

// toolLines are the lines that have a tool ask for a connection's token. The program
// `authtray setup` makes them and writes them, as it does in a terminal.
type toolLines struct {
	u           *ui
	tool        tool
	name        string // the connection
	asked       int    // how often: an answer to an earlier question is dropped
	printed     string
	host        *field // nil where the hosts are known
	lines       *widget.Label
	said        *widget.Label // what came of it
	frame       *fyne.Container
	copy, write *button
	object      fyne.CanvasObject
}

func (c *useCard) newToolLines(t tool) *toolLines {
	u := c.d.u
	l := &toolLines{u: u, tool: t, name: c.name, lines: widget.NewLabel(""), said: paragraph("")}
	l.lines.TextStyle.Monospace, l.lines.SizeName, l.lines.Wrapping = true, theme.SizeNameCaptionText, fyne.TextWrapBreak
	l.copy = u.button(tr("Copy"), theme.ContentCopyIcon(), func() {
		u.clipboard.SetContent(l.printed)
		u.say(tr("Lines copied."))
	})
	l.write = u.button(tr("Write"), theme.DocumentSaveIcon(), l.put)
	l.frame = spaced(8, container.NewStack(newGround(theme.ColorNameInputBackground, colorCardEdge), padded(4, l.lines)), container.NewHBox(l.copy, l.write))
	l.frame.Hide()
	l.said.Hide()
	box := spaced(8)
	if conf := c.d.known.Config; t.hosts && (conf == nil || len(conf.Hosts) == 0) {
		l.host = u.newField(tr("For which host?"), "", "", u.entry("ghcr.io"))
		l.host.OnSubmitted = func(string) { l.ask() }
		box.Add(l.host.object)
	}
	box.Add(l.frame)
	box.Add(inLine(l.said))
	l.object = box
	return l
}

// ask has authtray say the lines.
func (l *toolLines) ask() {
	if l.host != nil && strings.TrimSpace(l.host.Text) == "" {
		l.u.focus(l.host.entry)
		return
	}
	l.run(nil, func(printed string) {
		l.printed = printed
		l.lines.SetText(indented(printed))
		l.frame.Show()
		if l.write.Hidden = l.tool.shown; !l.write.Hidden {
			l.u.focus(l.write)
		} else {
			l.u.focus(l.copy)
		}
	})
}

// put has authtray write them.
func (l *toolLines) put() {
	l.run([]string{"--write"}, func(left string) {
		l.says(strings.TrimSpace(tr("{{.Tool}} is set up.", "Tool", l.tool.name)+" "+l.said.Text), widget.MediumImportance)
		if strings.TrimSpace(left) != "" { // what only the user can do
			l.printed = left
			l.lines.SetText(indented(left))
		}
		l.u.focus(l.write) // which it lost while it was at work
	})
}

// run asks `authtray setup`, and shows what it says.
func (l *toolLines) run(how []string, then func(printed string)) {
	args := slices.Concat([]string{"setup"}, l.tool.args, []string{l.name}, how)
	if l.host != nil {
		args = append(args, "--host="+strings.TrimSpace(l.host.Text))
	}
	l.asked++
	asked := l.asked
	l.write.Disable()
	type answer struct{ printed, said string }
	ask(l.u, func(ctx context.Context) (a answer, err error) {
		a.printed, a.said, err = l.u.out.authtray(ctx, args...)
		return a, err
	}, func(a answer, err error) {
		if l.asked != asked {
			return
		}
		l.write.Enable()
		l.said.Hide()
		l.said.Text = ""
		if err != nil {
			l.says(explain(err), widget.DangerImportance)
		} else {
			l.says(spoken(a.said), widget.MediumImportance)
			then(a.printed)
		}
		l.u.arrange(viewConnections)
		l.u.reveal(l.object) // it is longer now
	})
}

func (l *toolLines) says(sentence string, how widget.Importance) {
	l.said.Importance = how
	l.said.SetText(sentence)
	l.said.Hidden = sentence == ""
}

// spoken is what a command says on the side, in the window's language. What it says
// that it has done is said by the window.
func spoken(said string) string {
	var all []string
	for line := range strings.Lines(said) {
		s := strings.TrimPrefix(strings.TrimSpace(line), "authtray: ")
		if s != "" && !strings.HasSuffix(s, " is set up") && !strings.HasSuffix(s, " is set up already") {
			all = append(all, foreign(s+"."))
		}
	}
	return strings.Join(all, " ")
}

// indented is what a command prints, fit for the screen; the room before a line says
// what it belongs to.
func indented(printed string) string {
	var all []string
	for line := range strings.Lines(printed) {
		rest := strings.TrimLeft(line, " \t")
		room := strings.ReplaceAll(line[:len(line)-len(rest)], "\t", "    ")
		all = append(all, room+text.Line(rest, 0))
	}
	return strings.Join(all, "\n")
}
