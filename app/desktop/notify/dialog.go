package notify

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/authtray/authtray/providers/text"
)

// dialogAnswer is what the dialog's script prints when its button was pressed.
const dialogAnswer = "reconnect"

// dialogScript is JavaScript for osascript that shows a dialog with a Reconnect
// button. The text is data: JSON, which JavaScript reads as a literal, with
// everything escaped that could end a line or a script. Return means "later",
// because a dialog may come up while its user types. Only macOS calls it; it stands
// apart from that system's file so that its escaping is tested on every system.
func dialogScript(m message) (string, error) {
	text, err := json.Marshal(map[string]string{"title": text.Line(m.title, maxTitle), "body": text.Line(m.body, maxBody), "button": cmp.Or(m.button, "OK")})
	if err != nil {
		return "", fmt.Errorf("the dialog's text: %w", err)
	}
	return fmt.Sprintf(`const text = %s;
const app = Application.currentApplication();
app.includeStandardAdditions = true;
let answer = "later";
try {
	const got = app.displayDialog(text.body, {
		withTitle: text.title, withIcon: "caution",
		buttons: ["Later", text.button], defaultButton: "Later", cancelButton: "Later",
	});
	if (got.buttonReturned === text.button) answer = "%s";
} catch (e) {}
answer;
`, text, dialogAnswer), nil
}
