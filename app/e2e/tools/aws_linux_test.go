package tools

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/tools/dialect"
)

const role = "arn:aws:iam::123456789012:role/Dev"

// sts is AWS STS as far as AssumeRoleWithWebIdentity, for ID tokens of ada's at
// the practice provider. It refuses those that have ended.
func (w *world) sts() *httptest.Server {
	s := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/xml")
		ends, err := dialect.IDTokenEnds(r.PostFormValue("WebIdentityToken"))
		if r.PostFormValue("Action") != "AssumeRoleWithWebIdentity" || r.PostFormValue("RoleArn") != role || err != nil || !ends.After(time.Now()) {
			rw.WriteHeader(http.StatusForbidden)
			fmt.Fprint(rw, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>No.</Message></Error></ErrorResponse>`)
			return
		}
		fmt.Fprintf(rw, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, r.PostFormValue("RoleSessionName"))
	}))
	w.Cleanup(s.Close)
	return s
}

// TestAWSsSDKIsGivenCredentials: the SDK's own credential_process provider runs
// the helper.
func TestAWSsSDKIsGivenCredentials(t *testing.T) {
	awsget := consumer(t, "awsget")
	w := start(t, "keep_id_token = true")
	s := w.sts()
	w = w.with("SSL_CERT_FILE=" + w.file("ca.pem", certificate(s)))
	w.file(".aws/config", "[default]\nregion = eu-central-1\n")
	for range 2 {
		w.run("authtray", "setup", "aws", "work", "--role-arn", role, "--sts-endpoint", s.URL, "--write")
	}
	if got, want := w.read(".aws/config"), "[default]\nregion = eu-central-1\n\n[profile authtray-work]\ncredential_process = authtray helper aws work --role-arn "+role+" --sts-endpoint "+s.URL+"\n"; got != want {
		t.Errorf("%s", got)
	}
	if out := w.run(awsget, "authtray-work"); out != "ASIAEXAMPLE secret authtray-work 2099-01-01T00:00:00Z ProcessProvider\n" {
		t.Errorf("%q", out)
	}
	_, _, errs := w.fails("", "authtray", "setup", "aws", "work", "--role-arn", role+"2", "--write")
	if !strings.Contains(errs, "[profile authtray-work]") {
		t.Errorf("another profile of that name: %q", errs)
	}
	w.oneSentence(errs)

	w.dead("ada")
	if _, _, errs := w.fails("", awsget, "authtray-work"); !strings.Contains(errs, "authtray connect work") && !strings.Contains(errs, "exit status 3") {
		t.Errorf("the SDK says %q", errs)
	}
}

func TestAWSRefusalsAreSentences(t *testing.T) {
	w := start(t, "keep_id_token = true")
	s := w.sts()
	w = w.with("SSL_CERT_FILE=" + w.file("ca.pem", certificate(s)))
	for want, args := range map[string][]string{
		"AccessDenied: does the role's trust policy": {"--role-arn", role + "2", "--sts-endpoint", s.URL},
		"say which role":                      {},
		"is not the ARN of a role":            {"--role-arn", "Dev"},
		"--sts-endpoint is an https URL":      {"--role-arn", role, "--sts-endpoint", "http://sts.example"},
		"--region":                            {"--role-arn", role, "--region", "x/y"},
		"AWS STS cannot be reached":           {"--role-arn", role, "--sts-endpoint", "https://127.0.0.1:1"},
		"a session lasts between 15m and 12h": {"--role-arn", role, "--duration", "1m"},
	} {
		_, out, errs := w.fails("", "authtray", append([]string{"helper", "aws", "work"}, args...)...)
		if out != "" || !strings.Contains(errs, want) {
			t.Errorf("%q: %q, want %q", args, errs, want)
		}
		w.oneSentence(errs)
	}
}
