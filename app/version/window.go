//go:build cgo

package version

// Only a cgo build can draw.
const hasWindow = true
