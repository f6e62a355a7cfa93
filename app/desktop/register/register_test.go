package register

import "testing"

func TestAFolderIsInPATHOnceAndTakenOutAgain(t *testing.T) {
	const folder = `C:\Users\Jürgen Müller 日本\AppData\Local\Programs\Authtray`
	for _, row := range []struct{ name, path, with, without string }{
		{"nothing there", "", folder, ""},
		{"others", `C:\a;%USERPROFILE%\bin`, `C:\a;%USERPROFILE%\bin;` + folder, `C:\a;%USERPROFILE%\bin`},
		{"there", `C:\a;` + folder, `C:\a;` + folder, `C:\a`},
		{"there in other words", `"` + `C:\Users\jürgen müller 日本\appdata\local\programs\authtray\` + `";C:\a`, `C:\a;` + folder, `C:\a`},
		{"a semicolon at the end", `C:\a;`, `C:\a;` + folder, `C:\a;`},
		{"an empty entry", `C:\a;;C:\b`, `C:\a;;C:\b;` + folder, `C:\a;;C:\b`},
		{"a folder below", folder + `\x`, folder + `\x;` + folder, folder + `\x`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := withFolder(row.path, folder); got != row.with {
				t.Errorf("with it: %s", got)
			}
			if got := withoutFolder(row.path, folder); got != row.without {
				t.Errorf("without it: %s", got)
			}
		})
	}
}
