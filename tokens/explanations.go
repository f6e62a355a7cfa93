package tokens

import (
	"cmp"
	"strings"

	"github.com/authtray/authtray/providers/text"
)

// This file is what people are told about a connection, by state and reason. The
// tray, notifications, the window, commands and the socket's problems all read it,
// so that none says something else; the window translates its texts as they stand.

// Explanation is what a connection's state means and what to do about it. Texts
// have places to be filled: {{.Provider}} is the provider's name, {{.Name}} what
// the connection is called, {{.Cause}} what the provider's client, or whoever read
// the connection's file, said of it.
type Explanation struct {
	Long      string // why, in a sentence; "" where nothing has to be explained
	WithCause string // Long where there is a cause; "": the cause adds nothing
	Way       string // what to do, or that nothing has to be done, in a sentence

	Short  string // why, in a few words that go on from Action and a colon
	Action string // what to do, in a few words
	Button string // Action as a button says it beside the connection's name
}

// Translate gives a text in another language and fills its places, in pairs:
// "Provider", "GitHub". A text that it does not know, which may be anybody's, it
// leaves in English.
type Translate func(text string, pairs ...string) string

// English fills a text's places. What is filled in is not filled again.
func English(template string, pairs ...string) string { return text.Fill(template, pairs...) }

// Word is a state as people read it.
func (s State) Word() string { return strings.ReplaceAll(string(s), "_", " ") }

// Code is what a caller who wants a token is told in a state.
func (s State) Code() Code {
	switch s {
	case Disconnected, Connecting, ReconnectRequired, Misconfigured, KeychainLocked:
		return Code(s)
	}
	return CodeTemporarilyUnavailable
}

// commands are what a caller is told to run in a state.
var commands = map[State]string{
	Disconnected:      "authtray connect {{.Name}}",
	Connecting:        "authtray connect {{.Name}}",
	ReconnectRequired: "authtray connect {{.Name}}",
	Misconfigured:     "authtray status {{.Name}}",
	Retrying:          "authtray status {{.Name}}",
	KeychainLocked:    "authtray unlock",
	Connected:         "authtray status {{.Name}}",
}

const (
	wayReconnect = "Reconnect to go on."
	wayWait      = "Authtray retries by itself."
	wayFix       = "Fix it; Authtray retries by itself."
	wholeCause   = "{{.Cause}}"
)

// Unsaved is said of a grant that is in memory only.
var Unsaved = Explanation{
	Long:   "The new token is not in the keychain yet.",
	Way:    "Unlock or start the keychain; Authtray retries by itself.",
	Short:  "the new token of {{.Name}} is not saved",
	Action: "Unlock the keychain",
	Button: "Unlock the keychain",
}

// TooLarge is said of a grant that no keychain takes. Its cause is the size.
var TooLarge = Explanation{
	Long: "The token from {{.Provider}} is too large for the keychain, so it is kept in memory only: when Authtray ends, it is lost.",
	WithCause: "The token from {{.Provider}} is too large for the keychain ({{.Cause}}), so it is kept in memory only: " +
		"when Authtray ends, it is lost.",
	Way: "Ask for fewer scopes, or see with the provider why it is so large.",
}

// Reason says why a connection stands where it does. To add one: its constant, its
// row in Explanations, its German in app/lang/de.json, and the rule that sets
// it (rules.go, or a file of the machine).
type Reason string

const (
	ReasonNone                Reason = ""
	ReasonRevoked             Reason = "revoked"              // the provider says that the grant is over
	ReasonAnswerLost          Reason = "answer_lost"          // …after the answer to a refresh was lost
	ReasonAbsoluteLimit       Reason = "absolute_limit"       // …at the end of a lifetime counted from consent
	ReasonIdleLimit           Reason = "idle_limit"           // …after it was not used for too long
	ReasonRefused             Reason = "refused"              // five unknown refusals in a row: the grant is parked
	ReasonExpired             Reason = "expired"              // the token ended and there is no refresh token
	ReasonTokenRejected       Reason = "token_rejected"       // no refresh token, and the provider no longer takes the token
	ReasonEndpointsChanged    Reason = "endpoints_changed"    // issuer, client id or endpoint origins are not those of the grant
	ReasonClientForgotten     Reason = "client_forgotten"     // the provider no longer knew the client that had registered itself; another one did
	ReasonRecordDamaged       Reason = "record_damaged"       // the keychain item cannot be read as a record
	ReasonNoteDamaged         Reason = "note_damaged"         // the note that something was given up cannot be read
	ReasonNotKept             Reason = "not_kept"             // the keychain never took the last sign-in; only of a note of an older version
	ReasonNetwork             Reason = "network"              // the provider could not be reached
	ReasonProviderTrouble     Reason = "provider_trouble"     // it answered with something passing
	ReasonUnclearRefusal      Reason = "unclear_refusal"      // it refused in words that nobody knows
	ReasonRefusedForNow       Reason = "refused_for_now"      // a policy of the provider's that passes
	ReasonKeychainLocked      Reason = "keychain_locked"      //
	ReasonKeychainWithheld    Reason = "keychain_withheld"    // KeePassXC asks whether Authtray may read its entries
	ReasonKeychainDenied      Reason = "keychain_denied"      // the user told KeePassXC that it may not, or closed the question
	ReasonKeychainMissing     Reason = "keychain_missing"     // it has no default keyring yet
	ReasonKeychainUnavailable Reason = "keychain_unavailable" //
	ReasonClientRefused       Reason = "client_refused"       // misconfigured: client id or secret
	ReasonRequestRefused      Reason = "request_refused"      // misconfigured: scope, URL, grant type
	ReasonConfiguration       Reason = "configuration"        // the connection's file cannot be used; detail says why
)

// Explanations is the table: each reason stands under the state that it explains.
// ReasonNone is for a state without a reason; its row fills what others leave out.
var Explanations = map[State]map[Reason]Explanation{
	Connected: {
		ReasonNone: {Short: Unsaved.Short, Action: Unsaved.Action}, // said only of one that is not saved
	},
	Disconnected: {
		ReasonNone: {Long: "{{.Provider}} is not connected.", Short: "it is not connected", Action: "Connect {{.Name}} in the menu", Button: "Connect"},
	},
	Connecting: {
		ReasonNone: {Long: "Waiting for you to answer {{.Provider}} in the browser.",
			Short: "{{.Name}} waits for you", Action: "Continue in the browser", Button: "Continue in the browser"},
	},
	Retrying: {
		ReasonNone: {Long: "{{.Provider}} has trouble renewing the token.", WithCause: wholeCause, Way: wayWait,
			Short: "it cannot be reached", Action: "Trying {{.Name}} again", Button: "Try again now"},
		ReasonNetwork:         {Long: "{{.Provider}} cannot be reached."},
		ReasonProviderTrouble: {Short: "it has trouble renewing the token"},
		ReasonUnclearRefusal: {Long: "{{.Provider}} refuses to renew the token.", Way: "Authtray retries by itself; reconnecting would help.",
			Short: "it refuses to renew the token"},
		ReasonRefusedForNow: {Long: "{{.Provider}} refuses to renew the token for now.", Short: "it refuses to renew the token for now"},
	},
	ReconnectRequired: {
		ReasonNone: {Long: "Access at {{.Provider}} has ended.", Way: wayReconnect,
			Short: "access has ended", Action: "Reconnect {{.Name}}", Button: "Reconnect"},
		ReasonRevoked: {Long: "{{.Provider}} says access was revoked.", WithCause: wholeCause, Short: "access was revoked"},
		ReasonAnswerLost: {Long: "The answer of {{.Provider}} was lost while the token was being renewed, and it does not take the old one any more.",
			Short: "its answer was lost"},
		ReasonAbsoluteLimit: {Long: "Your sign-in at {{.Provider}} has reached the end of its time.",
			Short: "the sign-in reached the end of its time"},
		ReasonIdleLimit: {Long: "Your sign-in at {{.Provider}} ended because it was not used for too long.",
			Short: "it was not used for too long"},
		ReasonRefused: {Long: "{{.Provider}} refused to renew the token five times.",
			WithCause: "{{.Provider}} refused to renew the token five times. {{.Cause}}",
			Way:       "Reconnect to go on, or try again.", Short: "it refused to renew the token"},
		ReasonExpired: {Long: "The token from {{.Provider}} has expired, and {{.Provider}} gave nothing to renew it with.",
			Short: "the token has expired"},
		ReasonTokenRejected: {Long: "{{.Provider}} no longer accepts the token.", Short: "it no longer takes the token"},
		ReasonEndpointsChanged: {Long: "The address or client id of {{.Provider}} is not the one you connected with, so nothing is sent there.",
			Way: "Reconnect, or change it back.", Short: "its address or client id changed"},
		ReasonClientForgotten: {Long: "{{.Provider}} no longer knows Authtray as it was registered there.",
			Way: "It is registered again: reconnect to go on.", Short: "it no longer knew Authtray"},
		ReasonRecordDamaged: {Long: "The keychain item for {{.Provider}} cannot be read (it is damaged).",
			WithCause: "The keychain item for {{.Provider}} cannot be read ({{.Cause}}).",
			Way:       "Reconnect to replace it.", Short: "its keychain item cannot be read"},
		ReasonNoteDamaged: {Long: "Your sign-in at {{.Provider}} is over, but the note of it cannot be read.",
			Short: "the sign-in is over"},
		ReasonNotKept: {Long: "Your last sign-in at {{.Provider}} is lost: Authtray ended before the keychain would take it.",
			Way:   "Unlock the keychain and reconnect.",
			Short: "the last sign-in is lost", Action: "Unlock the keychain and reconnect {{.Name}}"},
	},
	Misconfigured: {
		ReasonNone: {Long: "{{.Provider}} refuses the request. Check the connection's scopes and addresses.", WithCause: wholeCause, Way: wayFix,
			Short: "the request is refused", Action: "Check the scopes and addresses of {{.Name}}", Button: "Edit settings"},
		ReasonRequestRefused: {},
		ReasonClientRefused: {Long: "{{.Provider}} refuses the client id or secret. Check them against the app you registered there.",
			Short: "they are refused", Action: "Check the client id and secret of {{.Name}}"},
		ReasonConfiguration: {Long: "The connection's file cannot be used.",
			Short: "it cannot be used", Action: "Fix the configuration of {{.Name}}"},
	},
	KeychainLocked: {
		ReasonNone: {Long: "The keychain is locked.", Way: "Unlock it; Authtray retries by itself.",
			Short: "it is locked", Action: "Unlock the keychain", Button: "Unlock the keychain"},
		ReasonKeychainLocked: {},
		ReasonKeychainWithheld: {Long: "KeePassXC asks whether Authtray may read its entries.",
			Way:   "Allow it; Authtray retries by itself. To be asked again, run: authtray unlock",
			Short: "it asks whether Authtray may read its entries", Action: "Answer KeePassXC"},
		ReasonKeychainDenied: {Long: "KeePassXC does not let Authtray read its entries.",
			Way:   "After “Deny All & Future” it asks again only when Authtray has started anew, otherwise on: authtray unlock",
			Short: "it does not let Authtray read its entries", Action: "Allow Authtray in KeePassXC"},
		ReasonKeychainMissing: {Long: "This desktop has no default keyring yet, so nothing can be kept.",
			Way:   "To make one, run: authtray unlock",
			Short: "it has no keyring yet"},
		ReasonKeychainUnavailable: {Long: "The keychain cannot be reached.",
			Way:   "Start it (GNOME Keyring, KWallet or KeePassXC); Authtray retries by itself.",
			Short: "it cannot be reached", Action: "Start the keychain", Button: "Try the keychain again"},
	},
}

// Explain looks up what to say. What a reason does not say for itself is said as
// for its state.
func Explain(s State, r Reason) Explanation {
	own, state := Explanations[s][r], Explanations[s][ReasonNone]
	return Explanation{
		Long: cmp.Or(own.Long, state.Long), WithCause: cmp.Or(own.WithCause, state.WithCause), Way: cmp.Or(own.Way, state.Way),
		Short: cmp.Or(own.Short, state.Short), Action: cmp.Or(own.Action, state.Action), Button: cmp.Or(own.Button, state.Button),
	}
}

// fixes is a text that says itself what to do.
var fixes = text.Pattern(`(?i)[;,.] (check|correct|register|enable|set|connect)\b`)

// Sentence explains, and says what to do. provider is the provider's name; cause,
// where there is one, is what was said of it.
func (e Explanation) Sentence(tr Translate, provider, cause string) string {
	why, english := e.Long, ""
	cause = strings.Join(strings.Fields(cause), " ")
	if cause != "" && e.WithCause != "" {
		why = e.WithCause
		if strings.HasSuffix(why, wholeCause) {
			cause = text.Sentence(cause)
		}
		english = cause
		cause = causeIn(tr, provider, cause)
	}
	told := cause
	if why != wholeCause {
		told = tr(why, "Provider", provider, "Cause", cause)
	}
	if e.Way == "" || e.Way == wayFix && fixes().MatchString(English(why, "Cause", english)) {
		return told
	}
	return told + " " + tr(e.Way)
}

// causeIn is a cause in the language of tr, which knows those that hold nothing of
// anybody else's, with "The provider" for the provider's name (refusal.Named). A
// cause that it does not know stays in the words it came in.
func causeIn(tr Translate, provider, cause string) string {
	general := cause
	if rest, ok := strings.CutPrefix(cause, provider); ok && provider != "" {
		general = "The provider" + rest
	}
	if told := tr(general, "Provider", provider); told != English(general, "Provider", provider) {
		return told
	}
	return cause
}

// Sentence explains a state and says what to do, in English. See
// Explanation.Sentence.
func Sentence(s State, r Reason, provider, cause string) string {
	return Explain(s, r).Sentence(English, provider, cause)
}

// Sentence is the status's Detail in the language of tr. What stands in no table,
// because it is of this moment only or of another version of Authtray, is as it is.
func (s Status) Sentence(tr Translate) string {
	for _, e := range []Explanation{Explain(s.State, s.Reason), Unsaved, TooLarge} {
		if e.Long != "" && (s.Detail == "" && s.State != Connected || s.Detail == e.Sentence(English, s.ProviderName, s.Cause)) {
			return e.Sentence(tr, s.ProviderName, s.Cause)
		}
	}
	return s.Detail
}
