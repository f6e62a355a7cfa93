package dialect

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"
)

// IDTokenEnds reads when an ID token ends (exp, OpenID Connect Core §2). It does
// not verify the token: whom it is handed to does, and it came from the token
// endpoint over TLS.
func IDTokenEnds(token string) (time.Time, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, errors.New("the ID token is no JSON Web Token")
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, errors.New("the ID token is no JSON Web Token")
	}
	var claims struct {
		Exp *float64 `json:"exp"`
	}
	if json.Unmarshal(body, &claims) != nil || claims.Exp == nil || *claims.Exp <= 0 || *claims.Exp > math.MaxInt32*8.0 {
		return time.Time{}, errors.New("the ID token does not say when it ends")
	}
	return time.Unix(int64(*claims.Exp), 0), nil
}
