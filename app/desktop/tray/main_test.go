package tray

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/authtray/authtray/tokens"
)

// systray runs once in a process, so each test with a real bus runs its tray in
// a copy of the test program.
const childVariable = "TRAY_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		child()
		return
	}
	os.Exit(m.Run())
}

// child shows a tray whose connections come as JSON lines on stdin and whose
// actions and health go to stdout, a line each.
func child() {
	ctx, cancel := context.WithCancel(context.Background())
	tr := New(Options{Actions: printer{cancel}, CanCopy: true,
		OnHealth: func(h Health) { fmt.Printf("health %s\n", h.State) }})
	in := bufio.NewReader(os.Stdin)
	tr.Show(nextStatuses(in))
	go func() {
		for {
			all := nextStatuses(in)
			if all == nil {
				cancel()
				return
			}
			tr.Show(all)
		}
	}()
	err := tr.Run(ctx)
	fmt.Println("ended", err)
}

func nextStatuses(in *bufio.Reader) []tokens.Status {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil
	}
	all := []tokens.Status{}
	if err := json.Unmarshal([]byte(line), &all); err != nil {
		panic(err)
	}
	return all
}

type printer struct{ cancel func() }

func (printer) Connect(n string)     { fmt.Println("connect", n) }
func (printer) Reconnect(n string)   { fmt.Println("reconnect", n) }
func (printer) Refresh(n string)     { fmt.Println("refresh", n) }
func (printer) CopyToken(n string)   { fmt.Println("copy", n) }
func (printer) UnlockKeychain()      { fmt.Println("unlock") }
func (printer) Answer(q, key string) { fmt.Println("answer", q, key) }
func (printer) Open(n string)        { fmt.Println("open", n) }
func (printer) SetAutostart(on bool) { fmt.Println("autostart", on) }

func (p printer) Quit() {
	fmt.Println("quit")
	p.cancel()
}
