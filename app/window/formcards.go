package window

import (
	"cmp"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// basics are the connection's name, and where a self-hosted provider is.
func (f *form) basics(n needs) fyne.CanvasObject {
	box := spaced(14, f.put(fieldName, tr("Name"), tr("What your tools ask for: authtray token NAME"), f.u.entry("")))
	if n.mcp {
		box.Add(f.put(fieldMCP, tr("Address of the MCP server"), "", f.u.entry("https://")))
	}
	for _, name := range n.vars {
		v := f.entry.Vars[name]
		label := sentenceCase(plain(cmp.Or(v.Label, name)))
		box.Add(f.put(fieldVar+name, label, "", f.u.entry(plain(v.Default))))
	}
	return card("", box)
}

// sentenceCase begins a label as a sentence begins.
func sentenceCase(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// registration says what to register where.
func (f *form) registration(n needs) fyne.CanvasObject {
	box := spaced(10)
	name := plain(f.entry.Name)
	if page := f.entry.Links.Register; page != "" {
		open := f.u.button(tr("Open the page"), theme.NavigateNextIcon(), func() { f.u.open(page) })
		open.IconPlacement = widget.ButtonIconTrailingText
		box.Add(container.NewBorder(nil, nil, nil, container.NewCenter(open), middled(inLine(paragraph(tr("Register an app of your own at {{.Provider}}. This is done once.", "Provider", name))))))
	} else {
		box.Add(inLine(paragraph(tr("Register an app of your own at {{.Provider}}, or ask whoever runs it. This is done once.", "Provider", name))))
	}
	if n.redirect {
		box.Add(f.redirect())
	}
	return card(tr("1. Register an app"), box)
}

// redirect is the URI to enter there, to read and to copy.
func (f *form) redirect() fyne.CanvasObject {
	uri := f.u.entry("")
	uri.SetText(plain(f.entry.RedirectURI))
	uri.OnChanged = func(string) { uri.SetText(plain(f.entry.RedirectURI)) } // to be copied, not to be changed
	copied := f.u.button(tr("Copy"), theme.ContentCopyIcon(), func() {
		f.u.clipboard.SetContent(f.entry.RedirectURI)
		f.u.say(tr("Redirect URI copied."))
	})
	return spaced(4, newLine(tr("Redirect URI to enter there")), container.NewBorder(nil, nil, nil, copied, uri))
}

func (f *form) credentials(n needs) fyne.CanvasObject {
	box := spaced(14)
	if n.clientID == maybe {
		hint := tr("Leave it empty: Authtray registers itself.")
		if f.entry.Client.ID != "" {
			hint = tr("Leave it empty to use the one that comes with Authtray.")
		}
		box.Add(f.put(fieldID, tr("Client ID (optional)"), hint, f.u.entry("")))
	} else {
		box.Add(f.put(fieldID, tr("Client ID"), "", f.u.entry("")))
	}
	if n.secret != never {
		box.Add(f.secret(n.secret))
	}
	title := ""
	if n.register {
		title = tr("2. Enter what you were given")
	}
	return card(title, box)
}

func (f *form) secret(need asked) fyne.CanvasObject {
	label, hint := tr("Client secret"), tr("Goes straight to the keychain, never to a file.")
	if need == maybe {
		label = tr("Client secret (optional)")
	}
	if f.entry.Client.Secret == "web_only" {
		hint = tr("Only for apps of the kind “web”. Goes straight to the keychain.")
	}
	placeholder := ""
	if f.editing != "" {
		placeholder = tr("unchanged")
	}
	return f.put(fieldSecret, label, hint, f.u.secret(placeholder))
}

func (f *form) scopeCard() fyne.CanvasObject {
	at := f.u.newField("", tr("What your tools may do. Fewer is safer."), "", f.scopes.entry)
	f.fields[fieldScopes] = at
	return card(tr("Scopes"), f.scopes.box, at.object)
}
