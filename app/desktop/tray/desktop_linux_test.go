package tray

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store/storetest"
)

func TestDesktopMenuIsReadAndClickedOverTheBus(t *testing.T) {
	address := bustest.Start(t, false)
	host := startFakeHost(t, address)
	dead := with(github(tokens.ReconnectRequired), func(s *tokens.Status) { s.Account = "ada_l" })
	p := startTray(t, []tokens.Status{dead})
	p.says(t, "health registered")
	item := host.item(t)

	click(t, host.conn, item, find(t, host.conn, item, "Reconnect gh…").id)
	p.says(t, "reconnect gh")
	click(t, host.conn, item, find(t, host.conn, item, "gh · ada_l · reconnect required", "Disconnect or change in Authtray…").id)
	p.says(t, "open gh")
	click(t, host.conn, item, find(t, host.conn, item, "Open Authtray…").id)
	p.says(t, "open ")
	click(t, host.conn, item, find(t, host.conn, item, "Start at login").id)
	p.says(t, "autostart true")
	if id := property(t, host.conn, item, "Id"); id != "Authtray" {
		t.Errorf("Id is %v", id)
	}

	click(t, host.conn, item, find(t, host.conn, item, "Quit Authtray").id)
	p.says(t, "ended <nil>")
}

func TestDesktopTrayFollowsTheConnections(t *testing.T) {
	address := bustest.Start(t, false)
	host := startFakeHost(t, address)
	p := startTray(t, []tokens.Status{})
	p.says(t, "health registered")
	item := host.item(t)
	fine := pixels(t, host.conn, item)

	p.show(t, []tokens.Status{with(github(tokens.Connected), func(s *tokens.Status) { s.Refreshable = true })})
	click(t, host.conn, item, find(t, host.conn, item, "gh · ada · connected", "Refresh").id)
	p.says(t, "refresh gh")

	// Other words, same outline: the entries stay, and do what they say now.
	before := find(t, host.conn, item, "gh · ada · connected")
	p.show(t, []tokens.Status{with(gitlab(tokens.Connected), func(s *tokens.Status) { s.Refreshable = true })})
	after := find(t, host.conn, item, "work · connected")
	if before.id != after.id {
		t.Errorf("the entry was made anew: %d, then %d", before.id, after.id)
	}
	refresh, _ := after.child("Refresh")
	click(t, host.conn, item, refresh.id)
	p.says(t, "refresh work")

	p.show(t, []tokens.Status{github(tokens.ReconnectRequired)})
	find(t, host.conn, item, "Reconnect gh…")
	bustest.Eventually(t, bustest.Said("the icon stayed as it was"), func() bool {
		return !bytes.Equal(fine, pixels(t, host.conn, item))
	})
	bustest.Eventually(t, bustest.Said("the tooltip does not say what is wrong"), func() bool {
		return fmt.Sprint(property(t, host.conn, item, "ToolTip")) == "[ [] Authtray: Reconnect GitHub: access has ended. ]"
	})
}

func TestDesktopTrayIsRegisteredWithEachHostThatComes(t *testing.T) {
	address := bustest.Start(t, false)
	p := startTray(t, []tokens.Status{})
	p.says(t, "health no_host")
	for range 3 {
		host := startFakeHost(t, address)
		p.says(t, "health registered")
		find(t, host.conn, host.item(t), "No connections yet")
		host.conn.Close()
		p.says(t, "health no_host")
	}
}

func TestDesktopTrayComesBackWithTheBus(t *testing.T) {
	b := storetest.StartBus(t)
	host := startFakeHost(t, b.Address())
	p := startTray(t, []tokens.Status{})
	p.says(t, "health registered")
	host.item(t)
	for range 2 {
		b.Kill()
		p.says(t, "health off")
		p.show(t, []tokens.Status{github(tokens.ReconnectRequired)})
		b.Start()
		host = startFakeHost(t, b.Address())
		p.says(t, "health registered")
		item := host.item(t)
		click(t, host.conn, item, find(t, host.conn, item, "Reconnect gh…").id)
		p.says(t, "reconnect gh")
		if tip := fmt.Sprint(property(t, host.conn, item, "ToolTip")); !strings.Contains(tip, "Reconnect GitHub") {
			t.Errorf("the tooltip is %s", tip)
		}
	}
}

// go-keyring's prompts and beeep send such signals to the connection that
// systray listens on; systray then stops watching for tray hosts for good.
func TestDesktopTrayIsRegisteredAgainAfterAShortSignalOnTheSharedConnection(t *testing.T) {
	address := bustest.Start(t, false)
	host := startFakeHost(t, address)
	p := startTray(t, []tokens.Status{})
	p.says(t, "health registered")
	item := host.item(t)

	poison := &dbus.Message{Type: dbus.TypeSignal, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldDestination: dbus.MakeVariant(item),
		dbus.FieldPath:        dbus.MakeVariant(dbus.ObjectPath("/prompt")),
		dbus.FieldInterface:   dbus.MakeVariant("org.freedesktop.Secret.Prompt"),
		dbus.FieldMember:      dbus.MakeVariant("Completed"),
	}}
	if err := host.conn.Send(poison, nil).Err; err != nil {
		t.Fatal(err)
	}
	find(t, host.conn, item, "No connections yet") // answered after the signal

	host.conn.Close()
	p.says(t, "health no_host")
	again := startFakeHost(t, address)
	p.says(t, "health registered")
	if got := again.item(t); got != item {
		t.Errorf("registered by %s, not by %s", got, item)
	}
}

// godbus would run dbus-launch, which leaves a dbus-daemon behind.
func TestDesktopTrayStartsNoBusWhereThereIsNone(t *testing.T) {
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", os.Getuid())); err == nil {
		t.Skip("this user's bus is at a place where it is always found; make test as a user without a session")
	}
	bin := t.TempDir()
	mark := filepath.Join(bin, "was-run")
	script := "#!/bin/sh\n: > '" + mark + "'\n"
	if err := os.WriteFile(filepath.Join(bin, "dbus-launch"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	p := startTray(t, []tokens.Status{}, "DBUS_SESSION_BUS_ADDRESS=",
		"PATH="+bin+":"+os.Getenv("PATH"))
	p.says(t, "health off")
	if _, err := os.Stat(mark); err == nil {
		t.Error("dbus-launch was run")
	}
}

func pixels(t *testing.T, conn *dbus.Conn, item string) []byte {
	t.Helper()
	var icons []struct {
		W, H int32
		Pix  []byte
	}
	if err := dbus.Store([]any{property(t, conn, item, "IconPixmap")}, &icons); err != nil {
		t.Fatal(err)
	}
	if len(icons) != 1 || icons[0].W != 64 || len(icons[0].Pix) != 64*64*4 {
		t.Fatalf("the icon is not one picture of 64×64")
	}
	return icons[0].Pix
}
