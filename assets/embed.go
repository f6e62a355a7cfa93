// Package assets holds the files that are built into the program: the pages
// that the browser shows at the end of a sign-in (pages/) and the icons.
//
// A page is self-contained: it loads nothing, runs no script, and whatever a
// provider said is put into it by html/template alone.
package assets

import (
	"embed"
	_ "embed" // the icons
)

// AppIcon is the application's icon, a PNG of 256×256. Its source is
// icons/app.svg; `go run ./assets/icons/draw` makes the pictures from the sources.
//
//go:embed icons/app-256.png
var AppIcon []byte

// Pages holds pages/result.html, the page at the end of a sign-in, and its
// style sheet pages/style.css, which stands in the page itself so that the
// content security policy can name its hash.
//
//go:embed pages/*.html pages/*.css
var Pages embed.FS
