package notify

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/api"
)

func TestToastsShowFallsBackToTheBalloon(t *testing.T) {
	failed := errors.New("class not registered")
	for _, row := range []struct {
		name          string
		push, balloon error
		shown         bool
		health        api.NotificationState
		balloons      int
		offered       bool // the page behind the button
	}{
		{"toast", nil, nil, true, api.NotificationActions, 0, true},
		{"toast fails", failed, nil, true, api.NotificationPlain, 1, false},
		{"balloon fails too", failed, failed, false, api.NotificationNone, 1, false},
		{"switched off", errSwitchedOff, nil, false, api.NotificationNone, 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := &heard{events: make(chan event, 1)}
			balloons := 0
			d := &toasts{to: h, push: func(string) error { return row.push },
				balloon: func(_, body string, _ bool) error {
					if balloons++; !strings.Contains(body, "Choose “Reconnect gh”") {
						t.Errorf("the balloon says %q", body)
					}
					return row.balloon
				}}
			defer d.withdraw("gh")
			err := d.show("gh", 1, deathMessage(dead("gh"), nil))
			if (err == nil) != row.shown || h.health != row.health || balloons != row.balloons {
				t.Errorf("%v, health %s, %d balloons", err, h.health, balloons)
			}
			if offered := len(d.page.offers) > 0; offered != row.offered {
				t.Errorf("offered %v", offered)
			}
		})
	}
}

func TestToastXMLKeepsForeignTextAsText(t *testing.T) {
	const url = "http://127.0.0.1:1/reconnect/00"
	for _, row := range []struct{ name, url, icon string }{
		{"with a button", url, `C:\Users\Jürgen & Co\icon.png`},
		{"without", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			content, err := toastXML(message{title: hostile, body: "日本 😀 </text>", button: "Reconnect"}, row.url, row.icon)
			if err != nil {
				t.Fatal(err)
			}
			var got toastContent
			if err := xml.Unmarshal([]byte(content), &got); err != nil {
				t.Fatalf("%v in %s", err, content)
			}
			texts := got.Visual.Binding.Text
			if len(texts) != 2 || !strings.HasPrefix(texts[0], `<b>x</b> & $(calc)`) || texts[1] != "日本 😀 </text>" {
				t.Errorf("%q", texts)
			}
			if got.Launch != row.url || (got.Actions != nil) != (row.url != "") || (got.Visual.Binding.Image != nil) != (row.icon != "") {
				t.Errorf("%s", content)
			}
			if row.url != "" && (got.Activation != "protocol" || got.Actions.Action != toastAction{"protocol", "Reconnect", url} || got.Visual.Binding.Image.Source != row.icon) {
				t.Errorf("%s", content)
			}
		})
	}
}
