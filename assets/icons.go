package assets

import _ "embed" // the icons

// AppIcon is the application's icon, a PNG of 256×256. Its source is
// icons/app.svg; `go run ./assets/icons/draw` makes the pictures from the sources.
//
//go:embed icons/app-256.png
var AppIcon []byte
