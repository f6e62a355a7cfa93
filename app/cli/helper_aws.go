package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/tools/dialect"
)

// stsTimeout bounds one request to STS.
const stsTimeout = 30 * time.Second

// stsMost is how much of its answer is read.
const stsMost = 1 << 20

// awsAsked is what the aws helper was told.
type awsAsked struct {
	role             dialect.STSRole
	region, endpoint string
}

func (s *shell) awsHelper() *cobra.Command {
	var told awsAsked
	c := &cobra.Command{
		Use:   "aws NAME --role-arn ARN",
		Short: "AWS's credential_process",
		Long: `AWS's credential_process: the ID token of a connection is exchanged at AWS STS
(AssumeRoleWithWebIdentity) for credentials of a role that trusts its provider.

It needs keep_id_token = true in the connection's file: then the provider's ID
token, which says who you are, is kept in the keychain beside the grant, and
tools of yours can read it as they can the access token. Nothing of AWS's is kept
anywhere; tools ask again when their credentials end.`,
		Example: `  authtray helper aws work --role-arn arn:aws:iam::123456789012:role/Dev --region eu-central-1
  authtray setup aws work --role-arn arn:aws:iam::123456789012:role/Dev --write`,
		Args: named,
	}
	told.flags(c)
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		to, err := told.check(args[0])
		if err != nil {
			return err
		}
		idToken, _, err := s.idToken(ctx, args[0])
		if err != nil {
			return err
		}
		given, err := assumeRole(ctx, to, told.role, idToken)
		if err != nil {
			return err
		}
		return s.putBytes(dialect.AWSProcess(given))
	})
	return c
}

func (a *awsAsked) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&a.role.ARN, "role-arn", "", "the role to assume")
	f.StringVar(&a.role.Session, "session-name", "", "the session's name in AWS's logs (authtray-NAME)")
	f.DurationVar(&a.role.Duration, "duration", 0, "how long the credentials last, 15m to 12h (what the role says)")
	f.StringVar(&a.region, "region", "", "the region whose STS is asked (the global one)")
	f.StringVar(&a.endpoint, "sts-endpoint", "", "the URL of another STS")
}

// args are the flags again, as they were given.
func (a *awsAsked) args() []string {
	args := []string{"--role-arn", a.role.ARN}
	for _, f := range [][2]string{{"--session-name", a.role.Session}, {"--region", a.region}, {"--sts-endpoint", a.endpoint}} {
		if f[1] != "" {
			args = append(args, f[0], f[1])
		}
	}
	if a.role.Duration != 0 {
		args = append(args, "--duration", a.role.Duration.String())
	}
	return args
}

// check is where STS is to be asked.
func (a *awsAsked) check(name string) (string, error) {
	if a.role.ARN == "" {
		return "", usage("say which role: --role-arn arn:aws:iam::123456789012:role/NAME")
	}
	if a.role.Session == "" {
		a.role.Session = dialect.STSSession(name)
	}
	if err := a.role.Check(); err != nil {
		return "", usage("%v", err)
	}
	if a.endpoint != "" {
		u, err := url.Parse(a.endpoint)
		if err != nil || u.Host == "" || u.User != nil || !dialect.Secure(u.Scheme, u.Host) || !oneWord(a.endpoint) {
			return "", usage("--sts-endpoint is an https URL, not %q", a.endpoint)
		}
		return a.endpoint, nil
	}
	endpoint, err := dialect.STSEndpoint(a.region)
	if err != nil {
		return "", usage("--region: %v", err)
	}
	return endpoint, nil
}

// assumeRole asks STS. It follows no redirect: the ID token goes to STS alone.
func assumeRole(ctx context.Context, endpoint string, role dialect.STSRole, idToken string) (dialect.AWSCredentials, error) {
	ctx, cancel := context.WithTimeout(ctx, stsTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(dialect.STSForm(role, idToken).Encode()))
	if err != nil {
		return dialect.AWSCredentials{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "text/xml")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		return dialect.AWSCredentials{}, &trouble{exit: exitUnavailable, sentence: fmt.Sprintf("AWS STS cannot be reached: %v", errors.Unwrap(err))}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, stsMost))
	if err != nil {
		return dialect.AWSCredentials{}, &trouble{exit: exitUnavailable, sentence: "AWS STS broke off its answer"}
	}
	return dialect.ParseSTS(answer.StatusCode, body)
}
