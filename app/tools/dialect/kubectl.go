package dialect

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
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

// KubeInfo is the environment variable in which kubectl and client-go say what
// they want.
const KubeInfo = "KUBERNETES_EXEC_INFO"

const kubeGroup = "client.authentication.k8s.io/"

// kubeVersions are those that are answered; they are the same on the wire. v1 is
// that of Kubernetes 1.22 and later.
var kubeVersions = []string{kubeGroup + "v1", kubeGroup + "v1beta1"}

type execCredential struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Spec       struct{}   `json:"spec"`
	Status     execStatus `json:"status"`
}

type execStatus struct {
	Token   string     `json:"token"`
	Expires *time.Time `json:"expirationTimestamp,omitempty"`
}

// KubeVersion is the version of the API that is asked for in the value of
// KubeInfo. Before Kubernetes 1.20 nothing is said, and v1beta1 is meant.
func KubeVersion(info string) (string, error) {
	if strings.TrimSpace(info) == "" {
		return kubeGroup + "v1beta1", nil
	}
	var asked struct{ APIVersion, Kind string }
	if err := json.Unmarshal([]byte(info), &asked); err != nil {
		return "", fmt.Errorf("%s cannot be read: %w", KubeInfo, err)
	}
	if !IsKubeVersion(asked.APIVersion) {
		return "", fmt.Errorf("kubectl asks for apiVersion %q; write %s into the kubeconfig", asked.APIVersion, strings.Join(kubeVersions, " or "))
	}
	return asked.APIVersion, nil
}

// IsKubeVersion reports whether a version of the API is one that is answered.
func IsKubeVersion(version string) bool { return slices.Contains(kubeVersions, version) }

// Kube is an ExecCredential of that version. kubectl keeps the token until it
// expires, and asks again after a 401; where expires is zero, until it ends.
func Kube(version, token string, expires time.Time) ([]byte, error) {
	if !fit(" ", token) {
		return nil, ErrUnfit
	}
	c := execCredential{APIVersion: version, Kind: "ExecCredential", Status: execStatus{Token: token}}
	if !expires.IsZero() {
		at := expires.UTC().Truncate(time.Second)
		c.Status.Expires = &at
	}
	return marshal(c)
}
