package socket

import "time"

// ConnectRequest starts or takes up a flow.
type ConnectRequest struct {
	Mode          string `json:"mode,omitempty"` // browser, url or device ["browser"]
	LoginHint     string `json:"login_hint,omitempty"`
	SwitchAccount bool   `json:"switch_account,omitempty"` // let the user choose another account
	AcceptAccount bool   `json:"accept_account,omitempty"` // take the held grant of another account

	// Scopes are asked for beyond the connection's own, and become the
	// connection's once they were granted.
	Scopes []string `json:"scopes,omitempty"`
}

// Attempt is a pending flow: what a person needs to go on with it.
type Attempt struct {
	URL         string    `json:"url"`
	UserCode    string    `json:"user_code,omitempty"`
	Mode        string    `json:"mode"`
	RedirectURI string    `json:"redirect_uri,omitempty"`
	ExpiresAt   time.Time `json:"expires_at"`
	// BrowserError says why no browser could be opened, in browser mode; the
	// flow is pending all the same.
	BrowserError string `json:"browser_error,omitempty"`
}

// Redirect is a redirect URL that a person pasted.
type Redirect struct {
	URL string `json:"url"`
}

// Secret is a client secret on its way to the keychain.
type Secret struct {
	ClientSecret string `json:"client_secret"`
}

// Rejected is a token that an API refused.
type Rejected struct {
	AccessToken string `json:"access_token"`
}

// Removed says whether a grant was given back to the provider too.
type Removed struct {
	Revoked bool   `json:"revoked"`
	Detail  string `json:"detail,omitempty"`
}

// Brief is a provider in the list of all.
type Brief struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Settings are the settings as the agent knows them.
type Settings struct {
	Notifications bool `json:"notifications"`
	Reminders     bool `json:"reminders"`
	Autostart     bool `json:"autostart"`
}

// SettingsPatch changes those that it names.
type SettingsPatch struct {
	Notifications *bool `json:"notifications,omitempty"`
	Reminders     *bool `json:"reminders,omitempty"`
	Autostart     *bool `json:"autostart,omitempty"`
}

// Health is how the agent itself is.
type Health struct {
	Version       string   `json:"version"`
	Uptime        string   `json:"uptime"` // a Go duration
	PID           int      `json:"pid"`
	Profile       string   `json:"profile"`
	Store         string   `json:"store"`         // keychain, memory or file
	Tray          string   `json:"tray"`          // registered, no tray host or off
	Notifications string   `json:"notifications"` // actions, plain or none
	Notes         []string `json:"notes"`         // what works less than it could, a sentence each
}
