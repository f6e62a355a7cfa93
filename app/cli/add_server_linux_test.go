package cli

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/tools/mcp/mcptest"
)

// fallback is a server that answers in one way whatever it is asked.
func fallback(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

// TestAddAsksAnMCPServerWhetherItIsThere: what is wrong is said, and what was typed is
// kept all the same.
func TestAddAsksAnMCPServerWhetherItIsThere(t *testing.T) {
	w := newWorld(t, nil)
	over := make(chan struct{})
	defer close(over)
	gone := httptest.NewServer(nil)
	gone.Close()
	const sign, unseen = "Then sign in: authtray connect docs\n", "Whether there is an MCP server could not be seen. MCP server "
	for name, is := range map[string]struct{ at, says string }{ // AT: its URL; HOST: its host
		"there":      {mcptest.Start(t, w.provider.Issuer), sign},
		"not found":  {fallback(t, http.NotFound) + "/mcp", "There is no MCP server at AT; correct the URL; run: authtray add docs --mcp URL\n"},
		"a web page": {fallback(t, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "<!DOCTYPE html><p>Welcome") }) + "/", "There is a web page at AT, and no MCP server; correct the URL; run: authtray add docs --mcp URL\n"},
		"a redirect": {fallback(t, func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/v1/mcp", http.StatusTemporaryRedirect)
		}) + "/mcp",
			"AT leads on to http://HOST/v1/mcp, and no token is sent after it; name that URL if it is the server you mean; run: authtray add docs --mcp http://HOST/v1/mcp\n"},
		"offline": {gone.URL + "/mcp", unseen + "HOST could not be reached.\n" + sign},
		"slow":    {fallback(t, func(http.ResponseWriter, *http.Request) { <-over }) + "/mcp", unseen + "HOST did not answer in time.\n" + sign},
		"broken":  {fallback(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) }) + "/mcp", unseen},
	} {
		t.Run(name, func(t *testing.T) {
			_, rest, _ := strings.Cut(is.at, "://")
			host, _, _ := strings.Cut(rest, "/")
			want := strings.NewReplacer("AT", is.at, "HOST", host).Replace(is.says)
			exit, out, errs := w.command("add", "docs", "--mcp", is.at)
			if exit != 0 || out != "docs is added.\n" || !strings.HasPrefix(errs, want) {
				t.Errorf("exit %d: %q, %q; want %q", exit, out, errs, want)
			}
			if c := w.seen("docs").Config; c == nil || c.MCP != is.at {
				t.Errorf("kept: %+v", c)
			}
			w.types("authtray remove docs")
		})
	}
}

// TestAddTrustsTheCertificatesThatItWasTold: where the server's is not known, it says
// how it is made known.
func TestAddTrustsTheCertificatesThatItWasTold(t *testing.T) {
	w := newWorld(t, nil)
	site := httptest.NewTLSServer(http.NotFoundHandler())
	defer site.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: site.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	exit, _, errs := w.command("add", "docs", "--mcp", site.URL+"/mcp")
	if exit != 0 || !strings.Contains(errs, "run: authtray add docs --ca-file FILE\n") {
		t.Errorf("exit %d: %q", exit, errs)
	}
	exit, _, errs = w.command("add", "docs", "--mcp", site.URL+"/mcp", "--ca-file", file)
	if exit != 0 || !strings.HasPrefix(errs, "There is no MCP server at "+site.URL+"/mcp;") {
		t.Errorf("exit %d: %q", exit, errs)
	}
}

// TestAWrongURLOfAConnectionLeadsBack: what it had is there for who goes back.
func TestAWrongURLOfAConnectionLeadsBack(t *testing.T) {
	w := newWorld(t, nil)
	right := mcptest.Start(t, w.provider.Issuer)
	w.types("authtray add docs --mcp " + right)
	w.works("docs")
	wrong := fallback(t, http.NotFound) + "/mcp"
	_, _, errs := w.command("add", "docs", "--mcp", wrong)
	if want := "There is no MCP server at " + wrong + "; correct the URL; run: authtray add docs --mcp URL\nTo go back: authtray add docs --mcp " + right + "\n"; errs != want {
		t.Errorf("%q; want %q", errs, want)
	}
}

func TestAddAsksOnceMoreForTheURLOfNoMCPServer(t *testing.T) {
	w := newWorld(t, nil)
	wrong, right := fallback(t, http.NotFound)+"/mcp", mcptest.Start(t, w.provider.Issuer)
	p := w.at("add")
	p.answers("Provider (", "mcp")
	p.answers("The MCP server's URL: ", wrong)
	p.sees("There is no MCP server at " + wrong + "; correct the URL. Type it once more to keep it.")
	p.answers("The MCP server's URL: ", right)
	p.sees("A name for this connection")
}
