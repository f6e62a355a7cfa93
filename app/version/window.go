//go:build cgo

package version

// Only a cgo build can draw.
func init() { hasWindow = true }
