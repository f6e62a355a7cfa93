package packages

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// atTerminal runs an agent at a terminal until it is asked to quit, and gives what
// it said.
func (m *machine) atTerminal(args string) string {
	m.Helper()
	cmd := exec.Command("script", "-qec", m.program+" "+args, "/dev/null")
	cmd.Env = m.env
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { cmd.Process.Kill() })
	p := &process{Cmd: cmd, ended: make(chan struct{})}
	go func() { cmd.Wait(); close(p.ended) }()
	m.awaitAny(p, &said)
	if out, err := m.command("", "quit").CombinedOutput(); err != nil {
		m.Errorf("quit: %v %s", err, out)
	}
	<-p.ended
	return said.String()
}

func TestFirstStartAtATerminalSaysOnceWhatThisDesktopLacks(t *testing.T) {
	if _, err := exec.LookPath("script"); err != nil {
		t.Skip("script (util-linux) is not installed")
	}
	m := newMachine(t)
	first := m.atTerminal("run --store=memory")
	for _, want := range []string{"This is the first start", "  notifications  ", "  tray  ", "authtray doctor says"} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is not in: %s", want, first)
		}
	}
	if strings.Contains(first, "  keychain  ") {
		t.Errorf("a keychain is asked for, and memory was chosen: %s", first)
	}
	if again := m.atTerminal("run --store=memory"); strings.Contains(again, "first start") {
		t.Errorf("the second start said: %s", again)
	}
}

func TestAgentWithoutRuntimeFolderIsFoundByCommands(t *testing.T) {
	m := newMachine(t)
	m.env = []string{"HOME=" + m.home, "PATH=/usr/bin:/bin", "AUTHTRAY_PROFILE=elsewhere"}
	p := m.agent("--store=memory")
	m.awaitAny(p, &p.said)
	if out, err := m.command("", "status").CombinedOutput(); err != nil {
		t.Errorf("status: %v %s", err, out)
	}
	if out, err := m.command("", "quit").CombinedOutput(); err != nil {
		t.Errorf("quit: %v %s", err, out)
	}
}
