package tray

import (
	"time"

	"github.com/authtray/authtray/tokens"
)

// step is what to do about a connection, and why, in as few words as a tooltip
// has room for. No full stops.
type step struct{ way, why string }

// stepFor is the table of steps. name is what the connection is called.
func stepFor(st tokens.Status, name string, now time.Time) step {
	switch st.State {
	case tokens.Disconnected:
		return step{"Connect " + name + " in the menu", "it is not connected"}
	case tokens.Connecting:
		return step{"Go on in the browser", name + " waits for you"}
	case tokens.Retrying:
		return retryStep(st, name, now)
	case tokens.ReconnectRequired:
		return reconnectStep(st.Reason, name)
	case tokens.Misconfigured:
		return mendStep(st.Reason, name)
	case tokens.KeychainLocked:
		if st.Reason == tokens.ReasonKeychainUnavailable {
			return step{"Start the keychain", "it cannot be reached"}
		}
		return step{"Unlock the keychain", "it is locked"}
	}
	return step{"Unlock the keychain", "the new token of " + name + " is not saved"} // connected, but for that
}

func retryStep(st tokens.Status, name string, now time.Time) step {
	s := step{"Trying " + name + " again", "it cannot be reached"}
	if st.RetryAt != nil {
		s.way += " at " + clockTime(*st.RetryAt, now)
	}
	if st.Reason == tokens.ReasonProviderTrouble {
		s.why = "it has trouble renewing the token"
	}
	return s
}

func reconnectStep(r tokens.Reason, name string) step {
	if r == tokens.ReasonNotKept {
		return step{"Unlock the keychain and reconnect " + name, "the last sign-in is lost"}
	}
	why, ok := map[tokens.Reason]string{
		tokens.ReasonRevoked:          "access was revoked",
		tokens.ReasonAnswerLost:       "its answer was lost",
		tokens.ReasonAbsoluteLimit:    "the sign-in reached the end of its time",
		tokens.ReasonIdleLimit:        "it was not used for too long",
		tokens.ReasonRefused:          "it refused to renew the token",
		tokens.ReasonExpired:          "the token has expired",
		tokens.ReasonTokenRejected:    "it no longer takes the token",
		tokens.ReasonEndpointsChanged: "its address or client id changed",
		tokens.ReasonClientForgotten:  "it no longer knew Authtray",
		tokens.ReasonRecordDamaged:    "its keychain item cannot be read",
		tokens.ReasonVerdictDamaged:   "the sign-in is over",
	}[r]
	if !ok {
		why = "access has ended"
	}
	return step{"Reconnect " + name, why}
}

func mendStep(r tokens.Reason, name string) step {
	switch r {
	case tokens.ReasonClientRefused:
		return step{"Check the client id and secret of " + name, "they are refused"}
	case tokens.ReasonConfiguration:
		return step{"Mend the configuration of " + name, "it cannot be used"}
	}
	return step{"Check the scopes and addresses of " + name, "the request is refused"}
}
