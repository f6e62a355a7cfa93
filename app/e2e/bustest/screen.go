package bustest

import (
	"bufio"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Screen runs an X server for the test and points DISPLAY to it.
func Screen(t testing.TB) {
	t.Helper()
	Need(t, "Xvfb")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	Run(t, cmd)
	w.Close()
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb gave no display: %v", err)
	}
	t.Setenv("DISPLAY", ":"+strings.TrimSpace(number))
	t.Setenv("WAYLAND_DISPLAY", "")
}

// Home gives the test, and what it runs, folders of their own.
func Home(t testing.TB) {
	t.Helper()
	dir := folder(t)
	for name, sub := range map[string]string{"HOME": "", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache",
		"XDG_DATA_HOME": "data", "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run"} {
		path := filepath.Join(dir, sub)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv(name, path)
	}
}

// Screenshot is what the screen shows. It is kept as name.png in the folder
// that the variable SCREENSHOTS names, if there is one.
func Screenshot(t testing.TB, name string) image.Image {
	t.Helper()
	Need(t, "import")
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	path := filepath.Join(dir, name+".png")
	if out, err := exec.Command("import", "-window", "root", "-define", "png:compression-level=1", path).CombinedOutput(); err != nil {
		t.Fatalf("no screenshot: %v %s", err, out)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return flat(img)
}

// Count is how many pixels of img are nearly of the colour 0xRRGGBB.
func Count(img image.Image, rgb uint32) int {
	_, n := Find(img, img.Bounds(), rgb)
	return n
}

// Find is the middle of the pixels in a part of img that are nearly of the colour
// 0xRRGGBB, and how many there are.
func Find(img image.Image, in image.Rectangle, rgb uint32) (middle image.Point, n int) {
	near := func(a uint32, shift uint) bool {
		d := int(a>>8) - int(rgb>>shift&0xff)
		return d > -15 && d < 15
	}
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if r, g, bl, _ := img.At(x, y).RGBA(); near(r, 16) && near(g, 8) && near(bl, 0) {
				middle, n = middle.Add(image.Pt(x, y)), n+1
			}
		}
	}
	if n > 0 {
		middle = middle.Div(n)
	}
	return middle, n
}

// Differ is how many pixels of two pictures of one size differ.
func Differ(a, b image.Image) (n int) {
	left, right := flat(a), flat(b)
	for i := 0; i+4 <= len(left.Pix) && i+4 <= len(right.Pix); i += 4 {
		if [4]byte(left.Pix[i:i+4]) != [4]byte(right.Pix[i:i+4]) {
			n++
		}
	}
	return n
}

// flat is a picture as its bytes.
func flat(img image.Image) *image.RGBA {
	if is, ok := img.(*image.RGBA); ok {
		return is
	}
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Src)
	return out
}
