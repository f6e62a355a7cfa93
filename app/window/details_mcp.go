package window

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"github.com/authtray/authtray/app/api"
)

// serverCard is what there is to know of a connection's MCP server: its name, who
// has a bridge to it now, and its tools.
type serverCard struct {
	*fyne.Container
	facts, tools *fyne.Container
	shown        string
}

func newServerCard() *serverCard {
	c := &serverCard{facts: container.New(layout.NewFormLayout()), tools: flowed()}
	c.Container = card(tr("MCP server"), spaced(10, c.facts, c.tools))
	c.Hide()
	return c
}

// maxShownTools is how many tools are named: some servers have hundreds.
const maxShownTools = 40

// show fills the card; it is hidden for other connections, and where nothing is known
// of the connection yet.
func (c *serverCard) show(d *details) {
	now := d.known.MCP
	if c.Hidden = now == nil || d.known.Name != d.name; c.Hidden {
		return
	}
	said := fmt.Sprint(d.name, *now)
	if said == c.shown {
		return // keeps the place where it was scrolled to
	}
	c.shown = said
	c.facts.RemoveAll()
	for _, fact := range [][2]string{{tr("Name"), plain(now.Server)}, {tr("AI clients"), clientsOf(now.Clients)}, {tr("Tools"), toolsOf(len(now.Tools))}} {
		if fact[1] == "" {
			continue
		}
		label := newLine(fact[0]).fixed()
		label.color, label.room = colorQuiet, 14
		c.facts.Add(label)
		c.facts.Add(newLine(fact[1]))
	}
	c.tools.RemoveAll()
	for _, tool := range now.Tools[:min(len(now.Tools), maxShownTools)] {
		c.tools.Add(newTag(tool))
	}
	if more := len(now.Tools) - maxShownTools; more > 0 {
		c.tools.Add(newTag(trn("and {{.Count}} more", more)))
	}
	c.tools.Hidden = len(now.Tools) == 0
	c.Refresh()
}

// clientsOf names who is connected, each name once with how many there are.
func clientsOf(clients []string) string {
	times := map[string]int{}
	for _, name := range clients {
		times[name]++
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(times)) {
		said := plain(name)
		switch said {
		case "":
			said = tr("one without a name")
		case api.Elsewhere:
			said = tr("a program on another machine")
		}
		if n := times[name]; n > 1 {
			said = fmt.Sprintf("%s (%d)", said, n)
		}
		names = append(names, said)
	}
	return cmp.Or(strings.Join(names, ", "), tr("none is connected"))
}

func toolsOf(n int) string {
	if n == 0 {
		return tr("not asked for yet")
	}
	return fmt.Sprint(n)
}
