package providers

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// Comparison is one fact of an entry beside what its issuer's documents say.
type Comparison struct {
	Field    string `json:"field"`          // of the entry: "token"
	Entry    string `json:"entry"`          // what the entry says; "": nothing, the document counts
	Document string `json:"document"`       // what the document says; "": nothing
	Note     string `json:"note,omitempty"` // what it means, where they differ
	Differs  bool   `json:"differs"`        // the document contradicts the entry
}

// Compare compares the entry with its issuer's discovery document (RFC 8414, OpenID
// Connect Discovery) and its keys (RFC 7517 JWK Set). It sends GET requests alone,
// and no token, client id or secret. Documents understate, so that what they leave
// out is no contradiction. The error is a *Failure: there is no issuer, or its
// document cannot be had.
func (c *Client) Compare(ctx context.Context) ([]Comparison, error) {
	if !c.canDiscover() {
		return nil, c.misconfigured("no_issuer", "%s has no issuer, so that there is no document to compare its entry with.", c.entry.Name)
	}
	found, err := c.discover(ctx)
	if err != nil {
		return nil, err
	}
	own := c.ownEndpoints()
	var list []Comparison
	for _, f := range []struct{ field, own, found string }{
		{"issuer", own.Issuer, found.Issuer}, {"authorize", own.Authorize, found.Authorize}, {"token", own.Token, found.Token},
		{"device", own.Device, found.Device}, {"registration", own.Registration, found.Registration}, {"par", own.PAR, found.PAR},
		{"revoke.url", own.Revoke, found.Revoke}, {"whoami.url", own.Userinfo, found.Userinfo},
	} {
		if f.own != "" || f.found != "" {
			list = append(list, compareURL(f.field, f.own, f.found))
		}
	}
	list = append(list, c.compareLists(found)...)
	return append(list, c.compareKeys(ctx, found)), nil
}

// compareURL: another address for the same is a contradiction only where both say
// one; an entry's whoami URL is seldom the userinfo endpoint, on purpose.
func compareURL(field, own, found string) Comparison {
	one := Comparison{Field: field, Entry: own, Document: found}
	switch {
	case found == "":
		one.Note = "the document does not say"
	case own == "":
		one.Note = "the entry leaves it to the document"
	case own != found && (field == "whoami.url" || field == "revoke.url"):
		one.Note = "the entry uses another one on purpose"
	default:
		one.Differs = own != found
	}
	return one
}

// compareLists compares PKCE and the default scopes with what is announced.
func (c *Client) compareLists(found endpoints) []Comparison {
	pkce := Comparison{Field: "authorize_opts.pkce", Entry: c.entry.AuthorizeOpts.PKCE, Document: strings.Join(found.PKCEMethods, " ")}
	if pkce.Entry == "" {
		pkce.Entry = "S256"
	}
	if found.PKCEMethods != nil {
		pkce.Differs = slices.Contains(found.PKCEMethods, "S256") != (pkce.Entry == "S256")
	} else {
		pkce.Note = "the document does not say"
	}
	asked := append(slices.Clone(c.entry.AuthorizeOpts.Scopes), c.entry.AuthorizeOpts.ScopesForRefresh...)
	scopes := Comparison{Field: "authorize_opts.scopes", Entry: strings.Join(asked, " "), Document: strings.Join(found.ScopesSupported, " ")}
	var unknown []string
	for _, s := range asked {
		if !slices.Contains(found.ScopesSupported, s) {
			unknown = append(unknown, s)
		}
	}
	switch {
	case found.ScopesSupported == nil:
		scopes.Note = "the document does not say"
	case len(unknown) > 0:
		scopes.Note = "not announced, which may be all right: " + strings.Join(unknown, " ")
	}
	return []Comparison{pkce, scopes}
}

// compareKeys reads the issuer's key set, with which ID tokens are signed: that it
// can be had and holds keys.
func (c *Client) compareKeys(ctx context.Context, found endpoints) Comparison {
	one := Comparison{Field: "jwks_uri"}
	for _, place := range discoveryURLs(found.Issuer) {
		if one.Document = c.memberAt(ctx, place, "jwks_uri"); one.Document != "" {
			break
		}
	}
	if one.Document == "" {
		one.Note = "the document names no keys"
		return one
	}
	if f := c.learnable(ctx, found.Issuer, "jwks_uri", one.Document); f != nil {
		one.Note, one.Differs = "it cannot be used: it must be https and not a private address", true
		return one
	}
	keys, _ := refusal.Lookup(c.documentAt(ctx, one.Document), "keys").([]any)
	one.Note, one.Differs = fmt.Sprintf("keys: %d", len(keys)), len(keys) == 0
	return one
}

func (c *Client) memberAt(ctx context.Context, place, name string) string {
	return refusal.TextAt(c.documentAt(ctx, place), name)
}

// documentAt reads a public JSON document; nil where there is none.
func (c *Client) documentAt(ctx context.Context, place string) any {
	req, err := http.NewRequest(http.MethodGet, place, nil)
	if err != nil || !catalog.Speakable(req.URL) {
		return nil
	}
	status, _, body, err := c.send(ctx, req)
	if err != nil || status != http.StatusOK {
		return nil
	}
	return refusal.ParseBody(body)
}
