// Command draw makes the PNG and ICO files from the SVG files beside it:
//
//	go run ./assets/icons/draw        (from the repository's root)
//
// It draws in Go so that nobody needs a converter installed, and so that the
// same source gives the same bytes everywhere.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
)

// trays are the three shapes of the tray icon, each drawn once for Linux (the
// host scales it), as an ICO for Windows and as a black template for macOS.
var trays = []string{"tray-fine", "tray-working", "tray-needs-you"}

var (
	appSizes  = []int{512, 256, 128, 64, 48, 32, 16}
	icoSizes  = []int{16, 20, 24, 32, 40, 48, 64}
	traySize  = 64
	macSize   = 44 // 22 points at twice the resolution
	linuxTray = func(name string) string { return name + ".png" }
)

func main() {
	log.SetFlags(0)
	dir := filepath.Join("assets", "icons")
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if err := drawAll(dir); err != nil {
		log.Fatalf("draw: %v", err)
	}
}

func drawAll(dir string) error {
	for _, name := range trays {
		if err := drawTray(dir, name); err != nil {
			return err
		}
	}
	return drawApp(dir)
}

func drawTray(dir, name string) error {
	svg, err := os.ReadFile(filepath.Join(dir, name+".svg"))
	if err != nil {
		return err
	}
	if err := writePNG(filepath.Join(dir, linuxTray(name)), svg, traySize); err != nil {
		return err
	}
	if err := writePNG(filepath.Join(dir, name+"-template.png"), blackened(svg), macSize); err != nil {
		return err
	}
	return writeICO(filepath.Join(dir, name+".ico"), svg, icoSizes)
}

func drawApp(dir string) error {
	svg, err := os.ReadFile(filepath.Join(dir, "app.svg"))
	if err != nil {
		return err
	}
	for _, size := range appSizes {
		if err := writePNG(filepath.Join(dir, fmt.Sprintf("app-%d.png", size)), svg, size); err != nil {
			return err
		}
	}
	return writeICO(filepath.Join(dir, "app.ico"), svg, append([]int{256}, icoSizes...))
}
