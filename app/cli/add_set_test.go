package cli

import (
	"reflect"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

func TestSetWritesTheOverrideNestedAndTyped(t *testing.T) {
	for _, c := range []struct {
		set  string
		want map[string]any
	}{
		{"issuer=https://a.example", map[string]any{"issuer": "https://a.example"}},
		{"redirect.port=any", map[string]any{"redirect": map[string]any{"port": "any"}}},
		{"redirect.port=4711", map[string]any{"redirect": map[string]any{"port": "4711"}}},
		{"whoami.probe=true", map[string]any{"whoami": map[string]any{"probe": true}}},
		{"tokens.default_expires_in=3600", map[string]any{"tokens": map[string]any{"default_expires_in": int64(3600)}}},
		{"api.hosts=a.example, b.example", map[string]any{"api": map[string]any{"hosts": []any{"a.example", "b.example"}}}},
		{"quirks=", map[string]any{"quirks": []any{}}},
		{"authorize_opts.params.prompt=consent", map[string]any{"authorize_opts": map[string]any{"params": map[string]any{"prompt": "consent"}}}},
		{"token=https://a.example/t?x=y", map[string]any{"token": "https://a.example/t?x=y"}},
		{"vars.host.default=a.example", map[string]any{"vars": map[string]any{"host": map[string]any{"default": "a.example"}}}},
	} {
		var conn catalog.Connection
		if err := setAll(&conn, []string{c.set}); err != nil || !reflect.DeepEqual(conn.Override, c.want) {
			t.Errorf("%s: %#v, %v", c.set, conn.Override, err)
		}
	}
}

func TestSetFillsTemplateVariables(t *testing.T) {
	conn := catalog.Connection{Vars: map[string]string{"realm": "kept"}}
	if err := setAll(&conn, []string{"vars.host=git.example"}); err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"realm": "kept", "host": "git.example"}; !reflect.DeepEqual(conn.Vars, want) || conn.Override != nil {
		t.Errorf("%v, %v", conn.Vars, conn.Override)
	}
}

func TestSetKeepsWhatIsNotNamed(t *testing.T) {
	conn := catalog.Connection{Override: map[string]any{"redirect": map[string]any{"path": "/cb"}}}
	if err := setAll(&conn, []string{"redirect.port=any"}); err != nil {
		t.Fatal(err)
	}
	if want := map[string]any{"redirect": map[string]any{"path": "/cb", "port": "any"}}; !reflect.DeepEqual(conn.Override, want) {
		t.Errorf("%v", conn.Override)
	}
}

func TestSetRefusesWhatIsNoField(t *testing.T) {
	for set, says := range map[string]string{
		"redirect":                         "write FIELD=VALUE",
		"=x":                               "write FIELD=VALUE",
		"redirct.port=any":                 "did you mean redirect.port?",
		"qqqqqqqqqqqqqqqq=1":               "no field",
		"redirect=any":                     "it is a table",
		"redirect.port.x=any":              "no field",
		"authorize_opts.params.=x":         "no field",
		"authorize_opts.params=x":          "it is a table",
		"whoami.probe=maybe":               "true or false",
		"tokens.default_expires_in=1 hour": "a number",
		".=x":                              "no field",
	} {
		var conn catalog.Connection
		err := setAll(&conn, []string{set})
		if err == nil || !strings.Contains(err.Error(), says) || asTrouble(err).exit != exitUsage {
			t.Errorf("%s: %v", set, err)
		}
		if conn.Override != nil {
			t.Errorf("%s wrote %v", set, conn.Override)
		}
	}
}
