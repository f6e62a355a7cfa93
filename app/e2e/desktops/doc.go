// Package desktops tries the built programs on other desktops and keychains than
// the one of package desktop: sway with waybar, mako and swaync; KeePassXC and
// KWallet. `make desktops` adds the large ones, which need packages that
// `make test` does not install: LXQt, MATE, GNOME Shell and Plasma.
//
// Each test runs as an ordinary user with a bus, a screen and a home folder of
// its own, and leaves its screenshots with the others.
package desktops
