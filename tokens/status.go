package tokens

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// State is where a connection stands. See the package comment.
type State string

const (
	Disconnected      State = "disconnected"
	Connecting        State = "connecting"
	Connected         State = "connected"
	Retrying          State = "retrying"
	ReconnectRequired State = "reconnect_required"
	Misconfigured     State = "misconfigured"
	KeychainLocked    State = "keychain_locked"
)

// Code is what a caller is told; see the table in the package comment and the
// HTTP statuses in package app/api.
type Code string

const (
	CodeUnknownConnection      Code = "unknown_connection"
	CodeDisconnected           Code = "disconnected"
	CodeConnecting             Code = "connecting"
	CodeReconnectRequired      Code = "reconnect_required"
	CodeMisconfigured          Code = "misconfigured"
	CodeKeychainLocked         Code = "keychain_locked"
	CodeTemporarilyUnavailable Code = "temporarily_unavailable"
	CodeTimeout                Code = "timeout"
	CodeRejectedAgain          Code = "rejected_again"
	CodeBadRequest             Code = "bad_request"
	CodeNotAllowed             Code = "not_allowed"
)

// Error is why a caller got no token.
type Error struct {
	Code    Code
	Reason  Reason
	Detail  string    // one sentence for people
	Hint    string    // the command that fixes it; "" where there is none
	Said    string    // the provider's own words, for people alone; "" where there are none
	RetryAt time.Time // temporarily_unavailable: when the next try is; rejected_again: when to say it again; else zero
	Field   string    // the field of the connection that is to be corrected, as in its file ("client_id", "vars.host"); "": none in particular
	Err     error     // the cause; its text is told to nobody
}

func (e *Error) Unwrap() error { return e.Err }

func (e *Error) Error() string { return fmt.Sprintf("%s (%s)", e.Detail, e.Code) }

// Status is what may be known of a connection. It holds no token. It is the
// JSON of the socket's connection endpoints and events.
type Status struct {
	Name         string     `json:"name"`
	Provider     string     `json:"provider"`
	ProviderName string     `json:"provider_name,omitempty"`
	State        State      `json:"state"`
	Reason       Reason     `json:"reason,omitempty"`
	Detail       string     `json:"detail,omitempty"` // one sentence for people, with the way on
	Cause        string     `json:"cause,omitempty"`  // what Detail repeats of what the provider, or a file's reader, said: to be put into another language around it
	Said         string     `json:"said,omitempty"`   // the provider's own words of its last refusal, in printable ASCII; for people, not for logs or notifications
	Note         string     `json:"note,omitempty"`   // one sentence that matters though the state may be fine; set by whoever knows
	RetryAt      *time.Time `json:"retry_at,omitempty"`
	Account      string     `json:"account,omitempty"` // label; hostile text
	AccountID    string     `json:"account_id,omitempty"`
	Scopes       []string   `json:"scopes,omitempty"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty"` // absent: no token, or it never expires
	NeverExpires bool       `json:"never_expires,omitempty"`
	RefreshedAt  *time.Time `json:"refreshed_at,omitempty"` // when the present token was obtained
	ConsentedAt  *time.Time `json:"consented_at,omitempty"`
	EndsAt       *time.Time `json:"ends_at,omitempty"`     // the grant's absolute limit
	Refreshable  bool       `json:"refreshable,omitempty"` // there is a refresh token
	OnDemand     bool       `json:"on_demand,omitempty"`   // renewing is left to callers
	EndsSoon     bool       `json:"ends_soon,omitempty"`   // EndsAt is less than a week away
	Unsaved      bool       `json:"unsaved,omitempty"`     // the newest grant is not in the keychain yet
	Events       []Event    `json:"events,omitempty"`      // the last ones, oldest first

	// Announce says that the user has not been told of this state yet; whoever
	// tells calls Manager.Announced.
	Announce bool `json:"-"`
}

// Parked reports whether the grant is kept though the connection asks to
// reconnect: a refresh by the user sends it once more.
func (s Status) Parked() bool {
	return s.State == ReconnectRequired && s.Reason == ReasonRefused && s.Refreshable
}

// EventKind is what happened: one of these, or a state that began, in the state's
// own word.
type EventKind string

const (
	EventRefreshed     EventKind = "refreshed"
	EventRejected      EventKind = "rejected"       // a tool said that an API refused its token
	EventConnectFailed EventKind = "connect_failed" // a sign-in ended other than well
)

// Event is one line of a connection's history.
type Event struct {
	Time   time.Time `json:"time"`
	What   EventKind `json:"what"`
	Reason Reason    `json:"reason,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

// Token is what a tool gets.
type Token struct {
	AccessToken string     `json:"access_token"`
	TokenType   string     `json:"token_type"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"` // absent: never
	Scopes      []string   `json:"scopes,omitempty"`
	Account     string     `json:"account,omitempty"`
	IDToken     string     `json:"id_token,omitempty"` // only with keep_id_token

	Extra map[string]json.RawMessage `json:"extra,omitempty"` // members kept with the grant: instance_url, cloud_id

	// MinValidMet is false where the token lasts less long than the caller wanted
	// and a longer one was not to be had; absent where it lasts long enough.
	MinValidMet *bool `json:"min_valid_met,omitempty"`
}

// Authorization is the value of the header that sends the token (RFC 9110 §11.6.2).
// Many providers call the type "bearer", and their APIs take only "Bearer".
func (t Token) Authorization() string {
	scheme := t.TokenType
	if scheme == "" || strings.EqualFold(scheme, "bearer") {
		scheme = "Bearer"
	}
	return scheme + " " + t.AccessToken
}

// Want is what a caller asks for.
type Want struct {
	// MinValid is how long the token is to last. Where less is left of it, it is
	// renewed if a fresh one would serve better: it usually lives longer than
	// that, or the present one has used up a quarter of its life. That happens at
	// most once in 10 s, and six times an hour for what is not due anyway. Else
	// what there is is handed out, with Token.MinValidMet false. 0: 30 s, or a
	// quarter of the token's life if that is less.
	MinValid time.Duration
	Scopes   []string // a narrower token
	Resource string   // RFC 8707: a token for that resource
}

// DefaultMinValid is how long a token handed out is to last, where the caller
// does not say, and a quarter of its life is not less.
const DefaultMinValid = 30 * time.Second

// DefaultTimeout is how long a caller waits for a refresh, where it does not say.
const DefaultTimeout = 30 * time.Second
