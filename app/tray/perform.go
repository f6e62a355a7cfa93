package tray

// perform calls the action that an entry stands for. It runs in a goroutine of
// its own, so that a slow action holds up neither the menu nor the bus.
func (t *Tray) perform(d Do) {
	a := t.opts.Actions
	switch d.Verb {
	case Connect:
		a.Connect(d.Name)
	case Reconnect:
		a.Reconnect(d.Name)
	case Refresh:
		a.Refresh(d.Name)
	case Disconnect:
		a.Disconnect(d.Name)
	case CopyToken:
		a.CopyToken(d.Name)
	case UnlockKeychain:
		a.UnlockKeychain()
	case Open:
		a.Open(d.Name)
	case ToggleAutostart:
		a.SetAutostart(!t.autostartShown())
	case Quit:
		a.Quit()
	}
}
