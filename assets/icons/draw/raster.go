package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"regexp"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"
)

// raster draws an SVG as a square picture.
func raster(svg []byte, size int) (*image.NRGBA, error) {
	icon, err := oksvg.ReadIconStream(bytes.NewReader(svg), oksvg.StrictErrorMode)
	if err != nil {
		return nil, fmt.Errorf("reading the SVG: %w", err)
	}
	icon.SetTarget(0, 0, float64(size), float64(size))
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	icon.Draw(rasterx.NewDasher(size, size, rasterx.NewScannerGV(size, size, img, img.Bounds())), 1)
	return straight(img), nil
}

// straight undoes the multiplication with alpha, as PNG and ICO want it.
func straight(img *image.RGBA) *image.NRGBA {
	out := image.NewNRGBA(img.Bounds())
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			out.Set(x, y, img.At(x, y))
		}
	}
	return out
}

var (
	colour = regexp.MustCompile(`#[0-9a-fA-F]{6}`)
	edge   = regexp.MustCompile(`<\w+ class="edge"[^>]*/>`)
)

// blackened is the picture in black, without what sets it off from a panel: macOS
// uses only its alpha, and sees to the contrast.
func blackened(svg []byte) []byte {
	return colour.ReplaceAll(edge.ReplaceAll(svg, nil), []byte("#000000"))
}

func writePNG(path string, svg []byte, size int) error {
	img, err := raster(svg, size)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&out, img); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}
