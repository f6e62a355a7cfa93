package tray

// Health says whether the icon can be seen.
type Health struct {
	State  string // Registered, NoHost or Off, as in /v1/health
	Detail string // one sentence for people; "" when registered
}

// The states of Health.
const (
	Registered = "registered"
	NoHost     = "no tray host"
	Off        = "off"
)

// Health says whether the icon can be seen now.
func (t *Tray) Health() Health {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.health
}

// setHealth keeps h, and says in the log what changed: each state once, until
// another comes.
func (t *Tray) setHealth(h Health) {
	t.mu.Lock()
	same := t.health == h
	t.health = h
	t.mu.Unlock()
	if same {
		return
	}
	if h.State == Registered {
		t.opts.Log.Info("the tray icon is shown")
	} else {
		t.opts.Log.Warn("the tray icon cannot be seen", "state", h.State, "detail", h.Detail)
	}
	if t.opts.OnHealth != nil {
		t.opts.OnHealth(h)
	}
}
