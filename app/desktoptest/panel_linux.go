package desktoptest

import (
	"os/exec"

	"github.com/authtray/authtray/app/bus/bustest"
)

const (
	watcherName = "org.kde.StatusNotifierWatcher"
	watcherPath = "/StatusNotifierWatcher"
)

// panelSettings are one panel at the upper edge: the tray and a clock, at the right.
const panelSettings = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="true"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
    <property name="plugin-3" type="string" value="clock"/>
  </property>
</channel>
`

// Panel is a running xfce4-panel.
type Panel struct {
	d   *Desktop
	cmd *exec.Cmd
}

// StartPanel starts the tray host and waits until it takes icons.
func (d *Desktop) StartPanel() *Panel {
	d.t.Helper()
	bustest.Need(d.t, "xfce4-panel")
	d.write("XDG_CONFIG_HOME", "xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml", panelSettings)
	p := &Panel{d, d.run("xfce4-panel", "--disable-wm-check")}
	d.await(watcherName, true)
	bustest.Eventually(d.t, bustest.Said("xfce4-panel hosts no tray icons"), func() bool {
		v, err := d.conn.Object(watcherName, watcherPath).GetProperty(watcherName + ".IsStatusNotifierHostRegistered")
		hosted, _ := v.Value().(bool)
		return err == nil && hosted
	})
	return p
}

// Kill ends the panel, and waits until the bus knows that.
func (p *Panel) Kill() {
	p.d.t.Helper()
	p.d.Kill(p.cmd)
	p.d.await(watcherName, false)
}
