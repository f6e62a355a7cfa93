package shellquote

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// readPowerShell is JavaScript that reads command lines with the grammar of
// tree-sitter-powershell, and prints the words of each: null for a line that is not one
// command whose words are as they stand or in single quotes.
const readPowerShell = `
const fs = require("fs");
const {Parser, Language} = require("web-tree-sitter");
const grammar = require.resolve("tree-sitter-powershell/tree-sitter-powershell.wasm");
function word(node) {
	if (node.type === "verbatim_string_characters")
		return node.text.slice(1, -1).replace(/(['‘’‚‛])['‘’‚‛]/g, "$1");
	if (node.childCount === 0 || ["generic_token", "command_name", "command_parameter"].includes(node.type)) return node.text;
	return node.childCount === 1 ? word(node.child(0)) : null;
}
function words(line, root) {
	let node = root;
	if (root.hasError) return null;
	while (node.type !== "command") {
		if (node.childCount !== 1) return null;
		node = node.child(0);
	}
	const found = [];
	for (const part of node.children) {
		if (part.type === "command_invokation_operator") continue;
		if (part.type !== "command_elements") found.push(word(part));
		else for (const e of part.children) if (e.type !== "command_argument_sep") found.push(word(e));
	}
	return found.includes(null) ? null : found;
}
(async () => {
	await Parser.init();
	const parser = new Parser();
	parser.setLanguage(await Language.load(grammar));
	const lines = JSON.parse(fs.readFileSync(0));
	fs.writeSync(1, JSON.stringify(lines.map(l => words(l, parser.parse(l).rootNode))));
	process.exit(0);
})();
`

// TestAnotherParserOfPowerShellReadsTheWordBack: PowerShell itself is not to be had on
// the machines that test this. The grammar does not know that typographic quotes end a
// word as well; TestWordByShell has them.
func TestAnotherParserOfPowerShellReadsTheWordBack(t *testing.T) {
	modules := os.Getenv("POWERSHELL_PARSER")
	if modules == "" {
		t.Skip("`make test-windows` runs this where npm is installed")
	}
	var lines []string
	var want [][]string
	for _, program := range []string{"authtray", `C:\Program Files\Jürgen's\authtray.exe`} {
		for _, word := range odd {
			argv := []string{program, "token", word, "last"}
			if word == "" {
				continue // TestCommandIsOneLine has the line for that, which goes past the parser
			}
			lines, want = append(lines, Command(PowerShell, argv...)), append(want, argv)
		}
	}
	input, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--liftoff-only", "-e", readPowerShell) // without it the grammar takes half a minute to compile
	cmd.Dir, cmd.Stdin, cmd.Stderr = modules, bytes.NewReader(input), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	if err := json.Unmarshal(out, &got); err != nil || len(got) != len(lines) {
		t.Fatalf("%d answers to %d lines: %v", len(got), len(lines), err)
	}
	for i, line := range lines {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("%s is read as %s", line, strings.Join(got[i], " | "))
		}
	}
	t.Logf("%d lines were read back", len(lines))
}
