package dialect

import "time"

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
