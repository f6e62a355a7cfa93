package tokens

// Reason says why a connection stands where it does. To add one: its constant and
// its place in Reasons here, its row in explanations.go, its German in
// app/lang/de.json, and the rule that sets it (rules.go, or a file of the machine).
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
	ReasonKeychainMissing     Reason = "keychain_missing"     // it has no default keyring yet
	ReasonKeychainUnavailable Reason = "keychain_unavailable" //
	ReasonClientRefused       Reason = "client_refused"       // misconfigured: client id or secret
	ReasonRequestRefused      Reason = "request_refused"      // misconfigured: scope, URL, grant type
	ReasonConfiguration       Reason = "configuration"        // the connection's file cannot be used; detail says why
)

// Reasons are all of them but ReasonNone.
var Reasons = []Reason{
	ReasonRevoked, ReasonAnswerLost, ReasonAbsoluteLimit, ReasonIdleLimit, ReasonRefused, ReasonExpired, ReasonTokenRejected,
	ReasonEndpointsChanged, ReasonClientForgotten, ReasonRecordDamaged, ReasonNoteDamaged, ReasonNotKept,
	ReasonNetwork, ReasonProviderTrouble, ReasonUnclearRefusal, ReasonRefusedForNow,
	ReasonKeychainLocked, ReasonKeychainWithheld, ReasonKeychainMissing, ReasonKeychainUnavailable,
	ReasonClientRefused, ReasonRequestRefused, ReasonConfiguration,
}

// State is the state that the reason explains. ReasonNone goes with those that need
// no reason: Disconnected, Connecting and Connected.
func (r Reason) State() State {
	switch r {
	case ReasonNone:
		return Disconnected
	case ReasonNetwork, ReasonProviderTrouble, ReasonUnclearRefusal, ReasonRefusedForNow:
		return Retrying
	case ReasonKeychainLocked, ReasonKeychainWithheld, ReasonKeychainMissing, ReasonKeychainUnavailable:
		return KeychainLocked
	case ReasonClientRefused, ReasonRequestRefused, ReasonConfiguration:
		return Misconfigured
	}
	return ReconnectRequired
}
