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

// Colours that Fyne has no name for.
const (
	colorCard      fyne.ThemeColorName = "authtrayCard"
	colorCardEdge  fyne.ThemeColorName = "authtrayCardEdge"
	colorAlertCard fyne.ThemeColorName = "authtrayAlertCard"
	colorNotice    fyne.ThemeColorName = "authtrayNotice"
	colorQuiet     fyne.ThemeColorName = "authtrayQuiet" // secondary text: 4.5:1 or better on every ground
)

// look and feel: Fyne's own theme with colours of ours. Light or dark is the
// desktop's choice; Fyne follows it.
type looksLike struct{ fyne.Theme }

func ourTheme() fyne.Theme { return looksLike{theme.DefaultTheme()} }

func hex(v uint32) color.Color {
	return color.NRGBA{R: uint8(v >> 24), G: uint8(v >> 16), B: uint8(v >> 8), A: uint8(v)}
}

// palette is RRGGBBAA, light and dark.
var palette = map[fyne.ThemeColorName][2]uint32{
	theme.ColorNameBackground:          {0xf5f6f8ff, 0x17191eff},
	theme.ColorNameForeground:          {0x1c2129ff, 0xe8eaeeff},
	theme.ColorNamePlaceHolder:         {0x576070ff, 0x929baaff},
	theme.ColorNameDisabled:            {0x6b7484ff, 0x98a1afff},
	theme.ColorNamePrimary:             {0x0d6c65ff, 0x3ecfb4ff},
	theme.ColorNameForegroundOnPrimary: {0xffffffff, 0x06231eff},
	theme.ColorNameHyperlink:           {0x0b685fff, 0x5eddc4ff},
	theme.ColorNameButton:              {0xe6e9eeff, 0x2c313aff},
	theme.ColorNameDisabledButton:      {0xeceef2ff, 0x23272eff},
	theme.ColorNameInputBackground:     {0xffffffff, 0x1c1f25ff},
	theme.ColorNameInputBorder:         {0x868f9eff, 0x6c7585ff},
	theme.ColorNameSeparator:           {0xdde1e7ff, 0x2b3038ff},
	theme.ColorNameHover:               {0x1c21290d, 0xffffff0f},
	theme.ColorNameSelection:           {0x0f766e1f, 0x3ecfb429},
	theme.ColorNameFocus:               {0x0f766e4d, 0x3ecfb459},
	theme.ColorNamePressed:             {0x1c21291a, 0xffffff1f},
	theme.ColorNameShadow:              {0x1c212933, 0x00000066},
	theme.ColorNameSuccess:             {0x176b35ff, 0x5fce85ff},
	theme.ColorNameWarning:             {0x8a5109ff, 0xf2b34cff},
	theme.ColorNameError:               {0xc02b2bff, 0xff8a80ff},
	theme.ColorNameForegroundOnError:   {0xffffffff, 0x2b0f0dff},
	theme.ColorNameForegroundOnSuccess: {0xffffffff, 0x0c2414ff},
	theme.ColorNameForegroundOnWarning: {0xffffffff, 0x2a1c04ff},
	theme.ColorNameMenuBackground:      {0xffffffff, 0x23272eff},
	theme.ColorNameOverlayBackground:   {0xffffffff, 0x20242aff},
	theme.ColorNameHeaderBackground:    {0xffffffff, 0x1d2026ff},
	colorCard:                          {0xffffffff, 0x20242aff},
	colorCardEdge:                      {0xdfe3e9ff, 0x2f353eff},
	colorAlertCard:                     {0xfdeeecff, 0x3a2325ff},
	colorNotice:                        {0xfdf3e0ff, 0x352c1dff},
	colorQuiet:                         {0x596272ff, 0xa3abb8ff},
}

func (l looksLike) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if c, ok := palette[n]; ok {
		if v == theme.VariantLight {
			return hex(c[0])
		}
		return hex(c[1])
	}
	return l.Theme.Color(n, v)
}

// sizeCode is for a code that is read off the screen and typed elsewhere.
const sizeCode fyne.ThemeSizeName = "authtrayCode"

// Below a dialog the window is shaded and not blurred: without a graphics card a
// blurred picture takes a tenth of a second to draw.
var sizes = map[fyne.ThemeSizeName]float32{
	theme.SizeNameModalBlurRadius: 0,
	sizeCode:                      40,
	theme.SizeNameSplitThickness:  3,
	theme.SizeNameInputRadius:     6,
	theme.SizeNameButtonRadius:    6,
	theme.SizeNameCaptionText:     12,
	theme.SizeNameHeadingText:     22,
	theme.SizeNameSubHeadingText:  16,
	theme.SizeNameCardRadius:      10,
}

func (l looksLike) Size(n fyne.ThemeSizeName) float32 {
	if s, ok := sizes[n]; ok {
		return s
	}
	return l.Theme.Size(n)
}

//go:embed icons/*.svg
var icons embed.FS

// The shapes of the states: each is told from the others without its colour.
var (
	shapeFine  = shape("fine")
	shapeBusy  = shape("busy")
	shapeRetry = shape("retry")
	shapeAlert = shape("alert")
	shapeFix   = shape("fix")
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
