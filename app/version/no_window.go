//go:build !cgo

package version

const hasWindow = false
