package house

import (
	"go/ast"
	"slices"
	"testing"
)

// arrows are the imports within the tree that there must not be. Where a rule has
// only, these alone may be imported; else those below not may not be. Product
// files and tests are bound alike, but for rules with tests.
var arrows = []struct {
	name      string
	from      []string // files and folders
	not       []string
	only      []string
	except    []string // files and folders that are free
	testsFree bool
}{
	{name: "providers and assets know nothing above them",
		from: []string{"providers", "assets"}, not: []string{"app", "tokens"}},
	{name: "tokens know providers, and nothing of the app",
		from: []string{"tokens"}, not: []string{"app"}},
	{name: "anybody may check a name",
		from: []string{"providers/name"}, only: []string{"providers/name"}},
	{name: "anybody may put text into words",
		from: []string{"providers/text"}, only: []string{"providers/text"}},
	{name: "what an answer means is a pure function",
		from: []string{"providers/refusal"}, only: []string{"providers/refusal"}},
	{name: "the catalogue does not know who uses it",
		from: []string{"providers/catalog"}, only: []string{"providers/catalog", "providers/refusal", "providers/name", "providers/text"}},
	{name: "importers of the client get the client alone",
		from: []string{"tokens/client"}, only: []string{"tokens/client", "providers/name"}},
	{name: "the store is told nothing of what it stores",
		from: []string{"tokens/store"}, only: []string{"tokens/store"}},
	{name: "commands touch the agent's package only where they start an agent in their own process",
		from: []string{"app/cli"}, not: []string{"app/agent"}, testsFree: true,
		except: []string{"app/cli/run.go", "app/cli/offline.go", "app/cli/doctor.go"}},
	{name: "nobody but commands starts an agent",
		from: []string{"app", "window.go", "main.go"}, not: []string{"app/agent"}, except: []string{"app/cli", "app/agent", "app/e2e"}},
	{name: "commands are run by Main alone, and described by the manual",
		from: []string{"app", "window.go", "main.go"}, not: []string{"app/cli"}, except: []string{"app/main.go", "app/cli"}},
	{name: "the window is wired by the program alone",
		from: []string{"app", "main.go"}, not: []string{"app/window"}, except: []string{"app/window", "app/agent", "app/cli/purge.go"}}, // which closes it
	{name: "the agent knows of the window only how to raise it",
		from: []string{"app/agent"}, not: []string{"app/window/remote"}},
	{name: "what stands below the agent knows neither it nor commands nor the window",
		from: []string{"app/access", "app/api", "app/config", "app/desktop", "app/doctor", "app/tools"},
		not:  []string{"app/agent", "app/cli", "app/window"}},
	{name: "the tests of the whole are imported by tests alone",
		from: []string{"app", "tokens", "providers", "assets", "main.go", "window.go"}, not: []string{"app/e2e"}, except: []string{"app/e2e"}, testsFree: true},
}

func TestImportsGoOneWay(t *testing.T) {
	all := sources(t)
	for _, rule := range arrows {
		t.Run(rule.name, func(t *testing.T) {
			for _, s := range all {
				if !s.below(rule.from...) || s.below(rule.except...) || s.isTest() && rule.testsFree {
					continue
				}
				for _, imported := range s.imports {
					into := func(dir string) bool { return isBelow(imported, dir) }
					if slices.ContainsFunc(rule.not, into) || rule.only != nil && !slices.ContainsFunc(rule.only, into) {
						t.Errorf("%s imports %s", s.path, imported)
					}
				}
			}
		})
	}
}

// TestSocketIsReachedThroughTheClient: commands and the window are clients like any
// other, so they have no way of their own to the agent.
func TestSocketIsReachedThroughTheClient(t *testing.T) {
	broken := map[string]string{}
	for _, s := range sources(t) {
		// The window's own socket, on which it is raised, is no matter of the agent's.
		if s.isTest() || !s.below("app/cli", "app/window", "window.go") || s.below("app/window/raise", "app/cli/internal") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if use, ok := n.(*ast.SelectorExpr); ok {
				if from, ok := use.X.(*ast.Ident); ok && slices.Contains(ways, from.Name+"."+use.Sel.Name) {
					broken[s.path] = "uses " + from.Name + "." + use.Sel.Name + ", not tokens/client"
				}
			}
			return true
		})
	}
	exceptions{}.check(t, broken)
}

// ways are what reaches a socket without tokens/client.
var ways = []string{"net.Dial", "net.DialTimeout", "net.DialUnix", "net.Dialer", "winio.DialPipe", "winio.DialPipeContext"}

// TestKeychainIsReadByItsOwner: a value in parts is not read again while somebody else
// writes it, which is right as long as whoever opens the keychain owns its items first.
func TestKeychainIsReadByItsOwner(t *testing.T) {
	broken := map[string]string{}
	for _, s := range sources(t) {
		if s.isTest() || s.below("tokens/store") {
			continue
		}
		for _, declared := range s.file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok {
				continue
			}
			opens, owns := false, false
			ast.Inspect(f, func(n ast.Node) bool {
				if name, ok := n.(*ast.Ident); ok {
					opens = opens || slices.Contains([]string{"Keychain", "RawKeychain"}, name.Name)
					owns = owns || name.Name == "OwnKeychain"
				}
				return true
			})
			if opens && !owns {
				broken[s.path+" "+f.Name.Name] = "opens the keychain, and does not own its items"
			}
		}
	}
	exceptions{
		"app/cli/offline.go examineHere": "doctor writes and reads an item of its own, which no other process has",
	}.check(t, broken)
}
