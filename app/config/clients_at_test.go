package config

import (
	"testing"

	"github.com/authtray/authtray/providers"
)

// Looking at another place for a moment (the file is edited and edited back) must not
// forget a client that a living grant was made with.
func TestAClientWithASecretOutlivesALookElsewhere(t *testing.T) {
	c := NewClients(t.TempDir())
	a := Registered{Registration: providers.Registration{Issuer: "https://a.example", ClientID: "a", Auth: "none"}, Place: "https://a.example"}
	b := Registered{Registration: providers.Registration{Issuer: "https://b.example", ClientID: "b", Auth: "basic"}, Place: "https://b.example"}
	if err := c.Save("files", b.Before(a)); err != nil {
		t.Fatal(err)
	}
	if got := c.At("files", "https://a.example"); got.ClientID != "a" {
		t.Fatal(got.ClientID)
	}
	if got := c.At("files", "https://b.example"); got.ClientID != "b" {
		t.Errorf("back at b the client is %q", got.ClientID)
	}
}
