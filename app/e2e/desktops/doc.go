// Package desktops tries the built programs on other desktops, keychains and
// sessions than the one of package desktop: Xfce with its own notifications; sway
// with waybar, mako and swaync; KeePassXC and KWallet; a session that systemd runs.
// `make desktops` adds the large ones, which need packages that `make test` does
// not install: LXQt, MATE, GNOME Shell and Plasma.
//
// Each test runs as an ordinary user with a bus, a screen and a home folder of
// its own, and leaves its screenshots with the others: those of the tour through
// all that is seen of Authtray are called table-DESKTOP-CELL.
package desktops
