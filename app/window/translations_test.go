package window

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// saidIn are the texts that the code of a folder has translated: the first argument of
// tr, Tr and their like, and what a page in the browser is made of.
func saidIn(t *testing.T, dir string) (texts []string) {
	files := sourcesIn(t, dir)
	constants := map[string]string{}
	literal := func(e ast.Expr) (string, bool) {
		switch e := e.(type) {
		case *ast.BasicLit:
			s, err := strconv.Unquote(e.Value)
			return s, err == nil && e.Kind == token.STRING
		case *ast.Ident:
			s, ok := constants[e.Name]
			return s, ok
		}
		return "", false
	}
	take := func(e ast.Expr) {
		if s, ok := literal(e); ok && s != "" {
			texts = append(texts, s)
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for i := range min(len(spec.Names), len(spec.Values)) {
					if s, ok := literal(spec.Values[i]); ok {
						constants[spec.Names[i].Name] = s
					}
				}
			}
			return true
		})
	}
	of := func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.Ident:
			return e.Name
		case *ast.SelectorExpr:
			return e.Sel.Name
		}
		return ""
	}
	isPart := func(name string) bool { return name == "Title" || name == "Text" || name == "Next" }
	for name, f := range files {
		page := strings.HasSuffix(name, "loopback_pages.go")
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if called := of(n.Fun); len(n.Args) > 0 && slices.Contains([]string{"tr", "trn", "Tr", "Count"}, called) {
					take(n.Args[0])
				}
				if of(n.Fun) == "view" && len(n.Args) == 3 { // of the page with the Reconnect button
					take(n.Args[1])
				}
			case *ast.KeyValueExpr:
				if page && isPart(of(n.Key)) {
					take(n.Value)
				}
			case *ast.AssignStmt:
				for i := range min(len(n.Lhs), len(n.Rhs)) {
					if page && isPart(of(n.Lhs[i])) {
						take(n.Rhs[i])
					}
				}
			}
			return true
		})
	}
	return texts
}

// explanations are all texts of package tokens' table.
func explanations() (all []string) {
	list := []tokens.Explanation{tokens.Unsaved, tokens.TooLarge}
	for s, of := range tokens.Explanations {
		all = append(all, s.Word())
		for r := range of {
			list = append(list, tokens.Explain(s, r))
		}
	}
	for _, e := range list {
		for _, text := range []string{e.Long, e.WithCause, e.Way, e.Short, e.Action, e.Button} {
			if text != "" && text != "{{.Cause}}" {
				all = append(all, text)
			}
		}
	}
	return all
}

func TestEveryTextIsTranslatedAndNothingElseIs(t *testing.T) {
	texts := map[string]bool{}
	for _, s := range slices.Concat(explanations(), causes(t), findings(t), unlocking(t), endings(t)) {
		texts[s] = true
	}
	fromCatalogue := map[string]bool{} // may be translated; what is not says that it is English
	entries, _ := catalog.LoadCatalogue("")
	for _, e := range entries.List() {
		fromCatalogue[e.Cost] = true
		for _, v := range e.Vars {
			fromCatalogue[v.Label] = true
		}
		for _, set := range e.ScopeSets {
			fromCatalogue[set.About] = true
		}
	}
	for _, dir := range []string{".", "../desktop/tray", "../desktop/notify", "../access/gate", "../agent", "../../providers"} {
		for _, s := range saidIn(t, dir) {
			texts[s] = true
		}
	}
	for _, s := range notify.Texts() {
		texts[s] = true
	}
	files, err := filepath.Glob("../lang/*.json")
	if err != nil || len(files) < 2 || len(texts) < 100 {
		t.Fatalf("%d languages, %d texts, %v", len(files), len(texts), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var translated map[string]any
		if err := json.Unmarshal(data, &translated); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for s := range translated {
			if !texts[s] && !fromCatalogue[s] {
				t.Errorf("%s translates %q, which is no longer said", file, s)
			}
		}
		if filepath.Base(file) == "en.json" {
			continue // holds plurals only
		}
		for s := range texts {
			if _, ok := translated[s]; !ok {
				t.Errorf("%s does not translate %q", file, s)
			}
		}
	}
}

// causes are the sentences in which the provider's client tells what went wrong,
// but for those that repeat a code.
func causes(t *testing.T) (all []string) {
	t.Helper()
	for _, name := range []string{"refusal/sentences.go", "send.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), "../../providers/"+name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if s, _ := strconv.Unquote(text.Value); strings.HasPrefix(s, "The ") && strings.HasSuffix(s, ".") && !strings.Contains(s, "%") {
					all = append(all, s)
				}
			}
			return true
		})
	}
	if len(all) < 25 {
		t.Fatalf("only %d sentences were found", len(all))
	}
	return all
}

// unlocking are the sentences of a keychain that did not open.
func unlocking(t *testing.T) (all []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../agent/unlock.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if pair, ok := n.(*ast.KeyValueExpr); ok {
			if name, ok := pair.Key.(*ast.Ident); ok && name.Name == "Detail" {
				s, _ := strconv.Unquote(pair.Value.(*ast.BasicLit).Value)
				all = append(all, s)
			}
		}
		return true
	})
	if len(all) < 4 {
		t.Fatalf("only %d sentences were found", len(all))
	}
	return all
}

// endings are the sentences in which a history tells that a sign-in ended other than
// well, but for what a provider said.
func endings(t *testing.T) (all []string) {
	t.Helper()
	for _, name := range []string{"../../providers/flow.go", "../agent/errors.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 1 {
				what, isText := call.Args[0].(*ast.BasicLit)
				if of, ok := call.Fun.(*ast.SelectorExpr); ok && isText && of.Sel.Name == "New" {
					s, _ := strconv.Unquote(what.Value)
					all = append(all, text.Sentence(s))
				}
			}
			return true
		})
	}
	if len(all) < 5 {
		t.Fatalf("only %d sentences were found", len(all))
	}
	return all
}

// findings are the sentences of a doctor's report, with places that are called A, B
// and so on where it fills something in.
func findings(t *testing.T) []string {
	t.Helper()
	formats := []string{"Authtray %s runs as process %d.", "There is no session bus to look on."}
	files, _ := filepath.Glob("../doctor/*.go")
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_windows.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			at := map[string]int{"fine": 1, "failed": 2}
			name, _ := call.Fun.(*ast.Ident)
			if name == nil || at[name.Name] == 0 || len(call.Args) <= at[name.Name] {
				return true
			}
			arg, way := call.Args[at[name.Name]], ""
			if sum, ok := arg.(*ast.BinaryExpr); ok {
				arg, way = sum.X, " `authtray open` opens the window all the same."
			}
			if text, ok := arg.(*ast.BasicLit); ok {
				s, _ := strconv.Unquote(text.Value)
				if strings.Trim(s, ".") != "%s" {
					formats = append(formats, s+way)
				}
			}
			return true
		})
	}
	if len(formats) < 40 {
		t.Fatalf("only %d findings were found", len(formats))
	}
	var all []string
	for _, f := range formats {
		for _, f := range variants(f) {
			for place := 'A'; strings.Contains(f, "%"); place++ {
				at := strings.Index(f, "%")
				f = f[:at] + "{{." + string(place) + "}}" + f[at+2:]
			}
			all = append(all, f)
		}
	}
	return all
}

// variants are a format with the words that it is filled with, where they are words.
func variants(format string) (all []string) {
	fill := map[string][]string{
		"The clock is %s %s that": {"The clock is %s ahead of that", "The clock is %s behind that"},
		"the connection is %s":    {"the connection is connected", "the connection is connecting", "the connection is disconnected"},
		"The %s is open":          {"The keychain is open", "The sealed file is open"},
		"%s can be used.":         {"No connection file is there yet; the settings can be used.", "1 connection file can be used.", "%s connection files can be used."},
	}
	for words, filled := range fill {
		if strings.Contains(format, words) {
			for _, f := range filled {
				all = append(all, strings.Replace(format, words, f, 1))
			}
			return all
		}
	}
	if format == "%s"+" `authtray open` opens the window all the same." { // GNOME's, which name an extension
		return nil
	}
	return []string{format}
}

func TestCausesAreToldInTheDesktopsLanguage(t *testing.T) {
	t.Setenv("LANGUAGE", "")
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	t.Setenv("LANG", "de_DE.UTF-8")
	newBench(t)
	for _, cause := range append(causes(t), `GitLab said {{.Provider}} {{"x"}} {{`) {
		t.Run(cause, func(t *testing.T) {
			known := strings.HasPrefix(cause, "The ")
			said := strings.Replace(cause, "The provider", "GitLab", 1)
			for _, state := range []tokens.State{tokens.Retrying, tokens.Misconfigured} {
				st := tokens.Status{State: state, ProviderName: "GitLab", Cause: said, Detail: tokens.Sentence(state, "", "GitLab", said)}
				told := statusSentence(st)
				if strings.Contains(told, strings.TrimSuffix(said, ".")) == known || strings.Contains(cause, "The provider") && !strings.Contains(told, "GitLab") ||
					!strings.Contains(told, "Authtray") && state == tokens.Retrying {
					t.Errorf("%q", told)
				}
			}
		})
	}
}

func TestTranslationsFillTheSamePlaces(t *testing.T) {
	data, err := os.ReadFile("../lang/de.json")
	if err != nil {
		t.Fatal(err)
	}
	var de map[string]any
	if err := json.Unmarshal(data, &de); err != nil {
		t.Fatal(err)
	}
	for text, translation := range de {
		forms, plural := translation.(map[string]any)
		if !plural {
			forms = map[string]any{"": translation}
		}
		for _, form := range forms {
			for place := range strings.SplitSeq(text, "{{") {
				name, _, found := strings.Cut(place, "}}")
				if found && !strings.Contains(form.(string), "{{"+name+"}}") {
					t.Errorf("%q lacks {{%s}}", form, name)
				}
			}
		}
	}
}
