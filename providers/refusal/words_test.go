package refusal

import (
	"strings"
	"testing"
)

// Each line is a code or a sentence, without any other sign of what it means. A
// sentence that is not sure must not mean death, however much it sounds like it.
func TestWhatWordsMean(t *testing.T) {
	for class, lines := range map[string]string{
		"dead": `
			invalid_grant | InvalidGrant | Invalid grant | invalid_grant: expired | grant_revoked | expired_grant | Grant expired
			bad_refresh_token | RefreshTokenExpired | refresh-token-not-found | oauth.v2.InvalidRefreshToken | refresh_token_reuse_detected
			Errors.User.RefreshToken.Invalid | REFRESH_TOKEN_ALREADY_USED | invalid_refresh_token | interaction_required | inactive_user
			Invalid refresh token | Unknown or invalid refresh token. | Refresh Token has been revoked | refresh_token is invalid
			The refresh token has already been used. | The provided refresh token is invalid, expired or revoked.
			Refresh token is invalid or has already been claimed by another client. | Refresh token is no longer valid
			The provided authorization grant or refresh token is invalid, expired or revoked | unable to parse refresh token
			Invalid refresh token (expired): eyJ | Invalid refresh token: eyJ | Refresh token does not exist | Refresh token is not valid for this client
			InvalidGrantException | ERR_INVALID_GRANT | oauth.invalid_grant | InvalidRefreshTokenError | Refresh token expired. Please log in again.
			refresh token expired or invalid, please login again | The specified refresh token is invalid. | "refresh_token" is expired`,
		"transient": `
			temporarily_unavailable | server_unavailable | Service Unavailable | throttled | under_maintenance | overloaded | server_busy
			userRateLimitExceeded | quota_exceeded | REQUEST_LIMIT_EXCEEDED | RATELIMITED | rate_limit | rateLimit | TooManyRequestsException
			policies.ratelimit.QuotaViolation | RESOURCE_EXHAUSTED | Rate exceeded | User Rate Limit Exceeded | refresh_token_rate_limited
			Too many refresh token requests | timeout | request_timeout | The request timed out | try_again_later | Please try again.
			internal_failure | unknown_error | An unknown error has occurred | upstream_error | Unexpected exception | Unknown error trying to refresh token: x | unknown_refresh_token_error
			limit_exceeded | concurrent_requests_limit | quota | backend_unreachable | Conflict occurred while saving. Please try again.
			captive_portal | blocked | Request blocked by WAF | Your IP address has been blocked | Unknown client IP | ip_not_allowed`,
		"misconfigured": `
			invalid_client | unregistered_client | client_suspended | deleted_client | client_authentication_failed | Client not found
			invalid_client_credentials | UNKNOWN_CLIENT | no_such_client | app_not_found | OAUTH_APP_BLOCKED | application_suspended
			client_secret is missing. | Parameter client_id is required | Missing required parameter [client_id]. | ClientId is Invalid
			The OAuth client was deleted. | Invalid client or refresh token | invalid_client: unknown | client_secret_expired
			invalid_scopes | insufficient_scope | invalid_redirect_uri | bad_redirect_uri | unsupported_grant | invalid_grant_type
			Unsupported grant type | use_dpop_nonce`,
		"": `
			Login required | Consent required | Interaction required. | Inactive user | login required: please
			Failed to refresh token | Something went wrong with the refresh token | Could not refresh token, something went wrong
			Bad response from refresh token service | invalid_refresh_token_request
			refresh_token not found | Refresh token not found | missing refresh token | No refresh token | Invalid parameter refresh_token
			missing_refresh_token | Refresh token grant disabled | refresh_token must be supplied | grant_not_found | Access not granted by policy
			invalid_token | token_revoked | Session expired. Please try again | session_timeout | Session limit exceeded
			Maximum allowed refresh token reuse exceeded | access_denied | invalid_request | weird_thing | Client certificate expired
			Token expired, please refresh token | Invalid token, refresh token | Token expired. Please refresh token. | please refresh token again, expired
			The user must sign in again | Refresh token expired, please try again | token_limit_exceeded | session_expired`,
	} {
		for _, said := range strings.FieldsFunc(class+"|"+lines, func(r rune) bool { return r == '|' || r == '\n' })[1:] {
			got := ""
			if c, _, ok := codeClass(strings.TrimSpace(said)); ok {
				got = c.String()
			}
			if strings.TrimSpace(said) != "" && got != class {
				t.Errorf("%s: %q, want %q", strings.TrimSpace(said), got, class)
			}
		}
	}
}
