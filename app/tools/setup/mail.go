package setup

import (
	"fmt"
	"path/filepath"
)

// Mailbox is whose mail is at which server.
type Mailbox struct {
	Address string
	Host    string
	Port    int
	Auth    string // "xoauth2" or "oauthbearer"
}

// Msmtp makes an account, authtray-NAME, that sends mail.
func Msmtp(p Plan, m Mailbox) []Step {
	account := "account authtray-" + p.Name
	path := p.env("MSMTP_CONFIG", filepath.Join(p.Home, ".msmtprc"))
	return []Step{block{path: path, about: account, mine: func(line string) bool { return line == account }, lines: []string{
		account, "host " + m.Host, fmt.Sprintf("port %d", m.Port), "tls on", starttls(m.Port), "auth " + m.Auth,
		"user " + m.Address, "from " + m.Address, "passwordeval " + doubleQuoted(words(p.argv("token", p.Name))),
	}}, note{"then:  msmtp -a authtray-" + p.Name + " someone@example.org < mail"}}
}

// starttls: port 465 is TLS from the first byte (RFC 8314 §3.3).
func starttls(port int) string {
	if port == 465 {
		return "tls_starttls off"
	}
	return "tls_starttls on"
}

// Mbsync shows an account of isync's that fetches mail; its boxes are the user's
// own to choose.
func Mbsync(p Plan, m Mailbox) []Step {
	account := "IMAPAccount authtray-" + p.Name
	return []Step{block{path: filepath.Join(p.Home, ".mbsyncrc"), about: account, mine: func(line string) bool { return line == account }, lines: []string{
		account, "Host " + m.Host, fmt.Sprintf("Port %d", m.Port), "User " + m.Address, "SSLType IMAPS", "AuthMechs XOAUTH2",
		"PassCmd " + doubleQuoted(words(p.argv("token", p.Name))),
	}}, note{"XOAUTH2 comes with a plugin of Cyrus SASL's, cyrus-sasl-xoauth2"}}
}

// Neomutt shows the lines for neomutt, whose file is the user's own work.
func Neomutt(p Plan, m Mailbox) []Step {
	ask := doubleQuoted(words(p.argv("token", p.Name)))
	return []Step{shown{
		"# in neomuttrc:",
		"set imap_user = " + doubleQuoted(m.Address),
		"set imap_authenticators = \"oauthbearer:xoauth2\"",
		"set imap_oauth_refresh_command = " + ask,
		"set smtp_authenticators = \"oauthbearer:xoauth2\"",
		"set smtp_oauth_refresh_command = " + ask,
		fmt.Sprintf("set folder = \"imaps://%s:%d/\"", m.Host, m.Port),
	}}
}

func doubleQuoted(s string) string { return `"` + s + `"` }
