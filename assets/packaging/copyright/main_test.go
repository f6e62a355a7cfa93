package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestTheTextsOfAllThatIsLinkedArePrinted(t *testing.T) {
	t.Chdir("../../..")
	var out bytes.Buffer
	if err := write(&out, "linux", "amd64"); err != nil {
		t.Fatal(err)
	}
	for work, words := range map[string]string{
		"Go":             "Copyright 2009 The Go Authors",
		"GLFW":           "Marcus Geelnard",
		"its binding":    "The glfw3-go Authors",
		"Inter":          "The Inter Project Authors",
		"DejaVu":         "Bitstream Vera",
		"Noto":           "SIL OPEN FONT LICENSE",
		"EmojiOne":       "EmojiOne",
		"the toolkit":    "fyne.io/fyne/v2 ",
		"HarfBuzz":       "harfbuzz/LICENSE",
		"an Apache part": "Apache License",
	} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("the licence of %s is not there: %q", work, words)
		}
	}
	t.Logf("%d kB", out.Len()>>10)
}

func TestTheWindowShowsTheSameTexts(t *testing.T) {
	t.Chdir("../../..")
	var out bytes.Buffer
	if err := writeWindow(&out); err != nil {
		t.Fatal(err)
	}
	is, err := os.ReadFile("app/window/licence_texts.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(is, out.Bytes()) {
		t.Error("run: go run ./assets/packaging/copyright window > app/window/licence_texts.txt")
	}
}
