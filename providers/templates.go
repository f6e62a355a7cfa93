package providers

import "regexp"

// patterns are what a template variable's value may look like. None lets a
// value carry a scheme, user information, a query, or a path where none belongs.
var patterns = map[string]*regexp.Regexp{
	"slug": regexp.MustCompile(`^[A-Za-z0-9._-]+$`),
}
