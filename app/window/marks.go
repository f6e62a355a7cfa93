package window

import (
	"embed"
	"hash/fnv"
	"image/color"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

//go:embed icons/*.svg
var icons embed.FS

// The shapes of the states: each is told from the others without its colour.
var (
	shapeFine  = shape("fine")
	shapeBusy  = shape("busy")
	shapeRetry = shape("retry")
	shapeAlert = shape("alert")
	shapeMend  = shape("mend")
	shapeLock  = shape("lock")
	shapeOff   = shape("off")
)

func shape(name string) fyne.Resource {
	data, err := icons.ReadFile("icons/" + name + ".svg")
	if err != nil {
		panic(err) // embedded: cannot be absent
	}
	return fyne.NewStaticResource("authtray-"+name+".svg", data)
}

// inColor is a shape in one of the theme's colours; it follows the theme.
func inColor(r fyne.Resource, c fyne.ThemeColorName) fyne.Resource {
	return theme.NewColoredResource(r, c)
}

// initials are the one or two letters that stand for a provider: of its first
// two words, or its two capitals (GitLab), or its first two letters.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return "?"
	}
	first := []rune(words[0])
	if len(words) > 1 {
		return strings.ToUpper(string(first[0]) + string([]rune(words[1])[0]))
	}
	for _, r := range first[1:] {
		if unicode.IsUpper(r) {
			return string(unicode.ToUpper(first[0])) + string(r)
		}
	}
	return string(unicode.ToUpper(first[0])) + string(first[1:min(2, len(first))])
}

// discs are grounds on which white text has a contrast of 4.5:1 or better.
var discs = []uint32{0x3b5fc4ff, 0x7a4fc0ff, 0xa8407fff, 0xb5443aff, 0x96590aff, 0x5c7017ff, 0x1d7a4dff, 0x0f7482ff, 0x456382ff, 0x6b5f53ff}

// discOf is a provider's colour: the same wherever it appears.
func discOf(id string) color.Color {
	h := fnv.New32a()
	h.Write([]byte(id))
	return hex(discs[h.Sum32()%uint32(len(discs))])
}

// mark is a provider's initials in a coloured disc.
type mark struct {
	widget.BaseWidget
	disc *canvas.Circle
	text *canvas.Text
	side float32
}

func newMark(side float32) *mark {
	m := &mark{disc: canvas.NewCircle(color.Transparent), text: canvas.NewText("", color.White), side: side}
	m.text.TextStyle.Bold = true
	m.text.TextSize = side * 0.38
	m.text.Alignment = fyne.TextAlignCenter
	m.ExtendBaseWidget(m)
	return m
}

func (m *mark) of(id, name string) {
	if name == "" {
		name = id
	}
	m.disc.FillColor = discOf(id)
	m.text.Text = initials(plain(name))
	m.Refresh()
}

func (m *mark) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(m.disc, m.text))
}

func (m *mark) MinSize() fyne.Size { return fyne.NewSquareSize(m.side) }
