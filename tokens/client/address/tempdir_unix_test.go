//go:build unix

package address

import "testing"

func TestUserTempDirIsTheOneThatMacOSNames(t *testing.T) {
	const place = "/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T"
	for _, row := range []struct{ name, dir, want string }{
		{"as the session has it", place + "/", place},
		{"without a slash", place, place},
		{"past the link", "/private" + place + "/", place},
		{"nix-shell", place + "/nix-shell.Ab1Cd2", ""},
		{"sandboxed application", place + "/com.example.app/", ""},
		{"everybody's", "/tmp", ""},
		{"another folder of the user's", "/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/C/", ""},
		{"leads away", "/var/folders/../../T", ""},
		{"relative", "var/folders/a/b/T", ""},
		{"not set", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, ok := userTempDir(row.dir); ok != (row.want != "") || ok && got != row.want {
				t.Errorf("%q, %v; want %q", got, ok, row.want)
			}
		})
	}
}
