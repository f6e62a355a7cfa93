package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The recipe for any OpenID Connect server is typed as it stands, with the practice
// provider for the server that it names.
func TestTheReadmesRecipeForAnyServerWorks(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, recipe, ok := strings.Cut(string(text), "\n### Any OpenID Connect server\n")
	recipe, _, _ = strings.Cut(recipe, "\n#")
	lines := regexp.MustCompile(`(?m)^(?:\d\.)? {5,}(authtray .*)$`).FindAllStringSubmatch(recipe, -1)
	if !ok || len(lines) != 2 || !strings.Contains(lines[0][1], " --issuer "+companyServer+" ") {
		t.Fatalf("the README has no such recipe any more: %q", lines)
	}
	w := newWorld(t, nil)
	for _, line := range lines {
		w.types(line[1])
	}
	w.hasOneIssuer("work", w.provider.Issuer)
	w.givesToken("work")
}
