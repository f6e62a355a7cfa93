package tokens

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
)

// FuzzRecord reads any bytes as a keychain item: what is taken for a record can
// be used and survives being written again; what is refused is not quoted.
func FuzzRecord(f *testing.F) {
	whole, err := (&Grant{
		Version: 1, Generation: 17, AccessToken: "at", TokenType: "Bearer", RefreshToken: "rt", Scopes: []string{"a"},
		Binding:    providers.Binding{Issuer: "https://op.example", ClientID: "c", Origins: []string{"https://op.example:443"}},
		ObtainedAt: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), ExpiresAt: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		Extra: map[string]json.RawMessage{"instance_url": json.RawMessage(`"https://x.example"`)},
	}).encode()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(whole), string(whole[:len(whole)/2]), string(whole) + "}", "", "null", "{}", "[]", `{"v":2}`, `{"v":1,"gen":0,"access_token":"at"}`,
		`{"v":1,"gen":1,"access_token":"at"}`, `{"v":1,"gen":18446744073709551615,"access_token":"at"}`, `{"v":1,"gen":-1,"access_token":"at"}`,
		`{"v":1,"gen":1,"access_token":"at","expires_at":"0001-01-01T00:00:00Z"}`, `{"v":1,"gen":1,"access_token":"at","extra":{"a":null}}`,
		`{"v":"1","gen":1,"access_token":"at"}`, "\xef\xbb\xbf{}", `{"v":1,"gen":1,"access_token":"at","expires_at":"9999-12-31T23:59:59.999999999Z"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := decodeGrant(data)
		if err != nil {
			if g != nil || strings.Contains(err.Error(), "at\"") || err.Error() == "" {
				t.Fatalf("refused with %q and %v", err, g)
			}
			return
		}
		if g.Version != recordVersion || g.Generation == 0 || g.AccessToken == "" {
			t.Fatalf("taken: %v", g)
		}
		again, err := g.encode()
		if err != nil {
			t.Fatalf("cannot be written again: %v", err)
		}
		back, err := decodeGrant(again)
		if err != nil {
			t.Fatalf("cannot be read again: %v", err)
		}
		third, _ := back.encode()
		if !reflect.DeepEqual(again, third) {
			t.Fatal("changes when it is written again")
		}
	})
}
