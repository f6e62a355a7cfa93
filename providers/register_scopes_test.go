package providers

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// G: Keycloak refuses a registration with a scope that its policy "Allowed Client Scopes" does
// not have by 403 insufficient_scope (keycloak/keycloak#7339, #43654). It announces all scopes.
func TestKeycloakRegistersWithFewerScopes(t *testing.T) {
	var p *record
	tries := 0
	p = newRecord(t, func(w http.ResponseWriter, req *http.Request) {
		all := p.requests()
		var in struct {
			Scope string `json:"scope"`
		}
		json.Unmarshal([]byte(all[len(all)-1].body), &in)
		tries++
		if strings.Contains(in.Scope, "admin") {
			answers(403, `{"error":"insufficient_scope","error_description":"Policy 'Allowed Client Scopes' rejected request to client-registration service. Details: Not permitted to use specified clientScope"}`)(w, req)
			return
		}
		answers(201, `{"client_id":"new"}`)(w, req)
	})
	e := testEntry(p.URL)
	e.Registration = p.URL + "/register"
	r, err := testClient(t, e).Register(t.Context(), nil, "admin")
	if err != nil || r.ClientID != "new" {
		t.Errorf("after %d tries: %+v, %v", tries, r, err)
	}
}
