// Package window walks through the real window as a person would: the program
// itself under Xvfb and openbox, driven by xdotool, with a real agent and the
// practice provider. It is all test, behind the build tag desktop:
//
//	go test -tags desktop ./app/e2e/window
//
// It needs Xvfb, openbox, xdotool, ImageMagick's import, and what Fyne is built
// with. Pictures of every view, dark and light, are left in build/screenshots.
package window
