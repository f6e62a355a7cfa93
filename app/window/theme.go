package window

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
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
	theme.ColorNamePlaceHolder:         {0x667081ff, 0x929baaff},
	theme.ColorNameDisabled:            {0x6b7484ff, 0x98a1afff},
	theme.ColorNamePrimary:             {0x0f766eff, 0x3ecfb4ff},
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
	theme.ColorNameShadow:              {0x1c21291a, 0x00000059},
	theme.ColorNameSuccess:             {0x1d7a3eff, 0x5fce85ff},
	theme.ColorNameWarning:             {0x96590aff, 0xf2b34cff},
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

var sizes = map[fyne.ThemeSizeName]float32{
	sizeCode:                     40,
	theme.SizeNameSplitThickness: 3,
	theme.SizeNameInputRadius:    6,
	theme.SizeNameButtonRadius:   6,
	theme.SizeNameCaptionText:    12,
	theme.SizeNameHeadingText:    22,
	theme.SizeNameSubHeadingText: 16,
	theme.SizeNameCardRadius:     10,
}

func (l looksLike) Size(n fyne.ThemeSizeName) float32 {
	if s, ok := sizes[n]; ok {
		return s
	}
	return l.Theme.Size(n)
}
