package dialect

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/text"
)

// AWSCredentials are temporary ones, as STS gives them.
type AWSCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expires         time.Time `xml:"Expiration"`
}

// AWSProcess is what a credential_process prints (AWS SDKs and Tools Reference,
// "Process credential provider"), version 1.
func AWSProcess(c AWSCredentials) ([]byte, error) {
	return marshal(struct {
		Version         int
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}{1, c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expires.UTC().Format(time.RFC3339)})
}

// STSRole is the role to be assumed with an ID token.
type STSRole struct {
	ARN      string
	Session  string        // who it is, in AWS's logs
	Duration time.Duration // 0: what the role says, an hour by default
}

// maxARN is how long a role's ARN may be: its path and name are of 512 and 64
// characters at most. A bound in the expression would take 400 kB in every process.
const maxARN = 640

var (
	roleARN    = text.Pattern(`^arn:[a-z0-9-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$`)
	awsRegion  = text.Pattern(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)
	notSession = text.Pattern(`[^A-Za-z0-9_+=,.@-]+`)
	awsWord    = text.Pattern(`^[A-Za-z0-9]{1,64}$`)
)

// Check says what is wrong with the role.
func (r STSRole) Check() error {
	if len(r.ARN) > maxARN || !roleARN().MatchString(r.ARN) {
		return fmt.Errorf("%q is not the ARN of a role; it looks like arn:aws:iam::123456789012:role/NAME", r.ARN)
	}
	if r.Session != "" && (notSession().MatchString(r.Session) || len(r.Session) < 2 || len(r.Session) > 64) {
		return fmt.Errorf("%q is not the name of a session: 2 to 64 letters, digits and _+=,.@-", r.Session)
	}
	if r.Duration != 0 && (r.Duration < 15*time.Minute || r.Duration > 12*time.Hour) {
		return errors.New("a session lasts between 15m and 12h")
	}
	return nil
}

// STSSession makes a role session name of a connection's: 2 to 64 characters of
// STS's alphabet.
func STSSession(connection string) string {
	name := "authtray-" + notSession().ReplaceAllString(connection, "-")
	return name[:min(len(name), 64)]
}

// STSEndpoint is the regional endpoint, or the global one where region is "".
func STSEndpoint(region string) (string, error) {
	if region == "" {
		return "https://sts.amazonaws.com", nil
	}
	if !awsRegion().MatchString(region) {
		return "", fmt.Errorf("%q is not a region of AWS, such as eu-central-1", region)
	}
	suffix := ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix += ".cn"
	}
	return "https://sts." + region + suffix, nil
}

// STSForm is the request for AssumeRoleWithWebIdentity, which needs no AWS
// credential: the ID token is it.
func STSForm(r STSRole, idToken string) url.Values {
	form := url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
		"RoleArn": {r.ARN}, "RoleSessionName": {r.Session}, "WebIdentityToken": {idToken}}
	if r.Duration != 0 {
		form.Set("DurationSeconds", strconv.Itoa(int(r.Duration/time.Second)))
	}
	return form
}

// STSError is STS's refusal. Its message is foreign text, and may repeat what
// was sent; only the code is shown.
type STSError struct {
	Code   string // AccessDenied, InvalidIdentityToken, ExpiredTokenException…
	Status int
}

func (e *STSError) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("AWS STS answered %d", e.Status)
	}
	return "AWS STS says " + e.Code + stsHints[e.Code]
}

// stsHints is what to do about STS's refusals.
var stsHints = map[string]string{
	"AccessDenied":                ": does the role's trust policy allow sts:AssumeRoleWithWebIdentity to this provider, and this client id and subject?",
	"InvalidIdentityToken":        ": is the provider registered with IAM under exactly its issuer, with this client id as an audience?",
	"ExpiredTokenException":       ": is this machine's clock right?",
	"IDPCommunicationError":       ": AWS could not reach the provider's keys; try again",
	"IDPRejectedClaim":            ": the provider no longer stands by the sign-in; connect again",
	"RegionDisabledException":     ": STS is not active in that region; choose another --region",
	"PackedPolicyTooLarge":        ": the session's tags are too large",
	"ValidationError":             ": look at --role-arn and --duration",
	"Throttling":                  ": too many requests; try again",
	"RequestLimitExceeded":        ": too many requests; try again",
	"ServiceUnavailable":          ": try again",
	"InternalFailure":             ": try again",
	"InvalidParameterValue":       ": look at --role-arn and --duration",
	"MissingAuthenticationToken":  ": is --sts-endpoint an STS?",
	"UnrecognizedClientException": ": is --sts-endpoint an STS?",
	"InvalidAction":               ": is --sts-endpoint an STS?",
}

// ParseSTS reads STS's answer. The error is an *STSError, or says that it is no
// answer of STS.
func ParseSTS(status int, body []byte) (AWSCredentials, error) {
	if status != 200 {
		return AWSCredentials{}, stsRefusal(status, body)
	}
	var answer struct {
		XMLName xml.Name       `xml:"AssumeRoleWithWebIdentityResponse"`
		Given   AWSCredentials `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	}
	if err := xml.Unmarshal(body, &answer); err != nil || !answer.Given.whole() {
		return AWSCredentials{}, errors.New("the answer is not one of AWS STS")
	}
	return answer.Given, nil
}

func (c AWSCredentials) whole() bool {
	return c.AccessKeyID != "" && c.SecretAccessKey != "" && !c.Expires.IsZero() && fit(" ", c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
}

func stsRefusal(status int, body []byte) error {
	var refusal struct {
		Code string `xml:"Error>Code"`
	}
	if xml.Unmarshal(body, &refusal) != nil || !awsWord().MatchString(refusal.Code) {
		refusal.Code = ""
	}
	return &STSError{Code: refusal.Code, Status: status}
}
