package packages

import (
	"strings"
	"testing"
)

func TestReplacingAnAgentThatKeepsGrantsInMemorySaysWhatIsLost(t *testing.T) {
	m := newMachine(t)
	first := m.agent("--store=memory")
	m.answers(first)
	if err := m.connect("work"); err != nil {
		t.Fatal(err)
	}
	second := m.agent("--store=memory", "--replace")
	m.answers(second)
	third := m.agent("--store=memory", "--replace")
	m.answers(third)
	if out, err := m.command("", "quit").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	<-second.ended
	<-third.ended
	const lost = "kept its grants in memory only, so these have to be connected again: work."
	if said := second.said.String(); !strings.Contains(said, lost) {
		t.Errorf("the second agent said: %s", said)
	}
	if said := third.said.String(); strings.Contains(said, "have to be connected again") {
		t.Errorf("nothing was lost with the second one, and the third said: %s", said)
	}
}
