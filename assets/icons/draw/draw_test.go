package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestPicturesAreThoseOfTheirSources(t *testing.T) {
	sources, _ := filepath.Glob(filepath.Join("..", "*.svg"))
	dir := t.TempDir()
	for _, path := range sources {
		copyFile(t, path, filepath.Join(dir, filepath.Base(path)))
	}
	if err := drawAll(dir); err != nil {
		t.Fatal(err)
	}
	drawn, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, path := range drawn {
		kept := filepath.Join("..", filepath.Base(path))
		if !bytes.Equal(read(t, path), read(t, kept)) {
			t.Errorf("%s is not what its source gives: run go run ./assets/icons/draw", kept)
		}
	}
	if len(drawn) < 20 {
		t.Errorf("only %d files were drawn", len(drawn))
	}
}

// The shapes must tell the states apart without colour, on the smallest panel.
func TestTrayShapesDifferInOutline(t *testing.T) {
	const size = 16
	shapes := map[string][]bool{}
	for _, name := range trays {
		img, err := raster(read(t, filepath.Join("..", name+".svg")), size)
		if err != nil {
			t.Fatal(err)
		}
		for y := range size {
			for x := range size {
				shapes[name] = append(shapes[name], img.NRGBAAt(x, y).A > 127)
			}
		}
	}
	for i, a := range trays {
		for _, b := range trays[i+1:] {
			if d := differing(shapes[a], shapes[b]); d < size*size/8 {
				t.Errorf("%s and %s differ in %d of %d pixels only", a, b, d, size*size)
			}
		}
	}
}

// Dark and light panels alike: nothing in the picture is near either. Its edge, which
// is left out here, makes the shape of what works out on dark.
func TestTrayColoursAreLegibleOnDarkAndLightPanels(t *testing.T) {
	for _, name := range trays {
		least := 3.0
		if name == "tray-working" {
			least = 2.5
		}
		svg := edge.ReplaceAll(read(t, filepath.Join("..", name+".svg")), nil)
		img, err := raster(svg, traySize)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(img.Pix); i += 4 {
			p := img.Pix[i : i+4]
			if p[3] < 255 {
				continue
			}
			l := luminance(p)
			if onDark, onLight := (l+.05)/(luminance([]byte{0x22, 0x22, 0x22})+.05), (luminance([]byte{0xf2, 0xf2, 0xf2})+.05)/(l+.05); onDark < least || onLight < least {
				t.Fatalf("%s: contrast %.1f on dark, %.1f on light", name, onDark, onLight)
			}
		}
	}
}

// A panel may have any colour; blue is common, and so was what works. On each a
// part of the picture that makes its shape out is twice as bright or dark.
func TestTrayWorkingIsVisibleOnAnyPanel(t *testing.T) {
	img, err := raster(read(t, filepath.Join("..", "tray-working.svg")), 20)
	if err != nil {
		t.Fatal(err)
	}
	for rgb := range 6 * 6 * 6 {
		panel := []byte{byte(rgb % 6 * 51), byte(rgb / 6 % 6 * 51), byte(rgb / 36 * 51)}
		stands := 0
		for i := 0; i < len(img.Pix); i += 4 {
			a, b := luminance(img.Pix[i:i+4])+.05, luminance(panel)+.05
			if img.Pix[i+3] > 127 && max(a, b)/min(a, b) >= 2 {
				stands++
			}
		}
		if stands < 30 {
			t.Errorf("on a panel of %x %d of 400 pixels stand out", panel, stands)
		}
	}
}

// luminance is a rough WCAG relative luminance (gamma 2).
func luminance(p []byte) float64 {
	sq := func(b byte) float64 { return float64(b) / 255 * float64(b) / 255 }
	return .2126*sq(p[0]) + .7152*sq(p[1]) + .0722*sq(p[2])
}

func differing(a, b []bool) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	if err := os.WriteFile(to, read(t, from), 0o600); err != nil {
		t.Fatal(err)
	}
}
