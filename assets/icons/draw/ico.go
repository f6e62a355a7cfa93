package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"os"
)

// pngFrom is the size from which a picture in an ICO is kept as PNG. Smaller
// ones are bitmaps, which every call of Windows that loads icons understands.
const pngFrom = 256

func writeICO(path string, svg []byte, sizes []int) error {
	var head, body bytes.Buffer
	offset := 6 + 16*len(sizes)
	put(&head, uint16(0), uint16(1), uint16(len(sizes)))
	for _, size := range sizes {
		img, err := raster(svg, size)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		data, err := picture(img)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		edge := uint8(size) // 256 is written as 0
		put(&head, edge, edge, uint8(0), uint8(0), uint16(1), uint16(32), uint32(len(data)), uint32(offset+body.Len()))
		body.Write(data)
	}
	return os.WriteFile(path, append(head.Bytes(), body.Bytes()...), 0o644)
}

func picture(img *image.NRGBA) ([]byte, error) {
	if img.Rect.Dx() < pngFrom {
		return bitmap(img), nil
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

// bitmap is a BITMAPINFOHEADER, the rows from the bottom up as BGRA, and a mask
// of one bit a pixel, rows padded to 32 bits, that hides what alpha hides.
func bitmap(img *image.NRGBA) []byte {
	n := img.Rect.Dx()
	var b bytes.Buffer
	put(&b, uint32(40), int32(n), int32(2*n), uint16(1), uint16(32), uint32(0), uint32(4*n*n), [16]byte{})
	mask := make([]byte, 0, n*((n+31)/32)*4)
	for y := n - 1; y >= 0; y-- {
		row := make([]byte, (n+31)/32*4)
		for x := range n {
			c := img.NRGBAAt(x, y)
			b.Write([]byte{c.B, c.G, c.R, c.A})
			if c.A == 0 {
				row[x/8] |= 0x80 >> (x % 8)
			}
		}
		mask = append(mask, row...)
	}
	b.Write(mask)
	return b.Bytes()
}

func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		binary.Write(b, binary.LittleEndian, v) // to memory: cannot fail
	}
}
