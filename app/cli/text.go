package cli

import "github.com/authtray/authtray/providers/text"

// oneLine makes foreign text fit for a line of a terminal, however long.
func oneLine(s string) string { return text.Line(s, 0) }
