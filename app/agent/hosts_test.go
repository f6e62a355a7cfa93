package agent

import (
	"net/url"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
)

func (w *world) host(host, more string) reply {
	w.t.Helper()
	return w.call("GET", "/hosts/"+url.PathEscape(host)+"?"+more, nil)
}

func (r reply) match() (m api.HostMatch) {
	r.t.Helper()
	r.ok().into(&m)
	return m
}

func TestAHostHasItsConnection(t *testing.T) {
	w := newWorld(t)
	at := strings.TrimPrefix(w.provider.Issuer, "http://")
	w.host(at, "").problem(tokens.CodeUnknownConnection, 404)

	w.add("work")
	w.connect("work", "ada")
	if m := w.host(at, "").match(); m != (api.HostMatch{Name: "work", Provider: "practice", Account: "ada"}) {
		t.Errorf("%+v", m)
	}
	w.add("play")
	w.connect("play", "grace")
	p := w.host(at, "path=acme/x.git").problem(api.CodeUnclearHost, 409)
	if !strings.Contains(p.Detail, "play and work both answer for "+at) || !strings.Contains(p.Detail, `hosts = ["`+at+`/acme"]`) {
		t.Error(p.Detail)
	}
	if m := w.host(at, "user=grace").match(); m.Name != "play" {
		t.Errorf("grace's is %+v", m)
	}
	w.host(at, "user=bob").problem(api.CodeUnclearHost, 409)

	file := w.practice()
	file["hosts"] = []string{at + "/acme", "*.example.org"}
	w.call("PUT", "/connections/play", file).ok()
	if m := w.host(at, "path=acme/x.git").match(); m.Name != "play" {
		t.Errorf("acme's is %+v", m)
	}
	if m := w.host(at, "path=other/x.git").match(); m.Name != "work" {
		t.Errorf("any other path's is %+v", m)
	}
	if m := w.host("git.example.org", "").match(); m.Name != "play" {
		t.Errorf("a host of the file's is %+v", m)
	}
}

// TestADisconnectedConnectionIsNotPassedOver: or git would go on as someone else.
func TestADisconnectedConnectionIsNotPassedOver(t *testing.T) {
	w := newWorld(t)
	at := strings.TrimPrefix(w.provider.Issuer, "http://")
	w.add("work")
	w.connect("work", "ada")
	w.add("play")
	w.connect("play", "grace")
	w.call("DELETE", "/connections/work/grant", nil).ok()
	w.host(at, "").problem(api.CodeUnclearHost, 409)
	if m := w.host(at, "user=ada").match(); m.Name != "work" {
		t.Errorf("ada's is %+v", m)
	}
}
