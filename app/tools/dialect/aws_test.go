package dialect

import (
	"strings"
	"testing"
	"time"
)

const stsAnswer = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>ada</SubjectFromWebIdentityToken>
    <Audience>client</Audience>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/Dev/authtray-work</Arn><AssumedRoleId>AROA:authtray-work</AssumedRoleId></AssumedRoleUser>
    <Credentials><SessionToken>session</SessionToken><SecretAccessKey>secret/+=</SecretAccessKey>
      <Expiration>2026-11-23T12:00:00Z</Expiration><AccessKeyId>ASIAEXAMPLE</AccessKeyId></Credentials>
    <Provider>https://issuer.example</Provider>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>`

func stsError(code string) string {
	return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>` + code +
		`</Code><Message>Not you: eyJ.secret</Message></Error><RequestId>1</RequestId></ErrorResponse>`
}

func TestSTSAnswersBecomeProcessCredentials(t *testing.T) {
	given, err := ParseSTS(200, []byte(stsAnswer))
	if err != nil {
		t.Fatal(err)
	}
	got, err := AWSProcess(given)
	want := `{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"secret/+=","SessionToken":"session","Expiration":"2026-11-23T12:00:00Z"}` + "\n"
	if string(got) != want || err != nil {
		t.Errorf("%s %v", got, err)
	}
}

func TestSTSRefusalsAreSentencesWithoutItsMessage(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{403, stsError("AccessDenied"), "AWS STS says AccessDenied: does the role's trust policy"},
		{400, stsError("ExpiredTokenException"), "AWS STS says ExpiredTokenException: is this machine's clock right?"},
		{400, stsError("SomethingNew"), "AWS STS says SomethingNew"},
		{400, stsError("not a word"), "AWS STS answered 400"},
		{502, "<html>Bad gateway</html>", "AWS STS answered 502"},
		{200, "<html></html>", "the answer is not one of AWS STS"},
		{200, strings.Replace(stsAnswer, "session<", "a\nb<", 1), "the answer is not one of AWS STS"},
		{200, strings.Replace(stsAnswer, "2026-11-23T12:00:00Z", "soon", 1), "the answer is not one of AWS STS"},
		{302, "", "AWS STS answered 302"},
	} {
		_, err := ParseSTS(c.status, []byte(c.body))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%d %.40q: %v", c.status, c.body, err)
		}
	}
}

func TestSTSIsAskedWithTheIDTokenAlone(t *testing.T) {
	form := STSForm(STSRole{ARN: "arn:aws:iam::123456789012:role/Dev", Session: STSSession("work"), Duration: time.Hour}, "id.tok.en")
	want := "Action=AssumeRoleWithWebIdentity&DurationSeconds=3600&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FDev&RoleSessionName=authtray-work&Version=2011-06-15&WebIdentityToken=id.tok.en"
	if got := form.Encode(); got != want {
		t.Errorf("%s", got)
	}
	if s := STSSession(strings.Repeat("x", 64)); len(s) != 64 {
		t.Errorf("%d characters: %s", len(s), s)
	}
}

func TestSTSHasAnEndpointPerRegion(t *testing.T) {
	for region, want := range map[string]string{
		"": "https://sts.amazonaws.com", "eu-central-1": "https://sts.eu-central-1.amazonaws.com", "us-gov-west-1": "https://sts.us-gov-west-1.amazonaws.com",
		"cn-north-1": "https://sts.cn-north-1.amazonaws.com.cn", "evil.example/": "", "EU": "",
	} {
		if got, err := STSEndpoint(region); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %s %v", region, got, err)
		}
	}
}

func TestRolesAreChecked(t *testing.T) {
	const arn = "arn:aws:iam::123456789012:role/path/Dev"
	for _, c := range []struct {
		role STSRole
		good bool
	}{
		{STSRole{ARN: arn}, true}, {STSRole{ARN: arn, Duration: time.Hour}, true}, {STSRole{ARN: "arn:aws-cn:iam::123456789012:role/Dev"}, true},
		{STSRole{ARN: arn, Duration: time.Minute}, false}, {STSRole{ARN: arn, Duration: 13 * time.Hour}, false},
		{STSRole{ARN: arn, Session: "ada@work"}, true}, {STSRole{ARN: arn, Session: `a" b`}, false}, {STSRole{ARN: arn + `"`}, false},
		{STSRole{ARN: arn + strings.Repeat("/x", 100)}, true}, {STSRole{ARN: arn + strings.Repeat("/x", 400)}, false}, {STSRole{ARN: "Dev"}, false}, {STSRole{}, false}, {STSRole{ARN: "arn:aws:iam::123456789012:user/Ada"}, false},
	} {
		if err := c.role.Check(); (err == nil) != c.good {
			t.Errorf("%+v: %v", c.role, err)
		}
	}
}

func FuzzSTS(f *testing.F) {
	f.Add(200, stsAnswer)
	f.Add(403, stsError("AccessDenied"))
	f.Add(200, "")
	f.Fuzz(func(t *testing.T, status int, body string) {
		c, err := ParseSTS(status, []byte(body))
		if err == nil && !c.whole() {
			t.Fatalf("%+v of %q", c, body)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\x1b<") {
			t.Fatalf("%q", err)
		}
	})
}
