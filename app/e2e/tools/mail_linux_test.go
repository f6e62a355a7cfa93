package tools

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// letter is a mail as the server took it.
type letter struct{ mechanism, user, text string }

// mailServer is an SMTP server that wants STARTTLS and one of the two ways to
// give a token; port is where it listens on 127.0.0.1.
func (w *world) mailServer() (port, ca string, letters <-chan letter) {
	w.Helper()
	certified := httptest.NewTLSServer(nil) // for its certificate
	w.Cleanup(certified.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { l.Close() })
	taken := make(chan letter, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if m, err := w.smtp(conn, &tls.Config{Certificates: certified.TLS.Certificates}); err == nil {
					taken <- m
				}
			}()
		}
	}()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), certificate(certified), taken
}

var (
	xoauth2     = regexp.MustCompile("^user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01$")
	oauthbearer = regexp.MustCompile("^n,a=([^,]*),\x01host=[^\x01]*\x01port=[0-9]+\x01auth=Bearer ([^\x01]*)\x01\x01$")
)

// smtp takes one letter (RFC 5321, RFC 3207, RFC 4954).
func (w *world) smtp(conn net.Conn, config *tls.Config) (m letter, err error) {
	c := textproto.NewConn(conn)
	say := func(line string) { c.PrintfLine("%s", line) }
	say("220 test")
	encrypted := false
	for {
		line, err := c.ReadLine()
		if err != nil {
			return m, err
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-test")
			say(map[bool]string{true: "250 AUTH XOAUTH2 OAUTHBEARER", false: "250 STARTTLS"}[encrypted])
		case "STARTTLS":
			say("220 go on")
			c, encrypted = textproto.NewConn(tls.Server(conn, config)), true
		case "AUTH":
			if m.mechanism, m.user, err = w.sasl(c, rest, say); err != nil {
				return m, err
			}
		case "MAIL", "RCPT":
			say("250 fine")
		case "DATA":
			say("354 go on")
			text, err := io.ReadAll(c.DotReader())
			if err != nil {
				return m, err
			}
			m.text = string(text)
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return m, nil
		default:
			say("502 what?")
		}
	}
}

func (w *world) sasl(c *textproto.Conn, rest string, say func(string)) (mechanism, user string, err error) {
	mechanism, initial, _ := strings.Cut(rest, " ")
	if initial == "" {
		say("334 ")
		if initial, err = c.ReadLine(); err != nil {
			return "", "", err
		}
	}
	text, err := base64.StdEncoding.DecodeString(initial)
	form := map[string]*regexp.Regexp{"XOAUTH2": xoauth2, "OAUTHBEARER": oauthbearer}[mechanism]
	if err != nil || form == nil {
		say("501 what?")
		return "", "", errors.New("not understood")
	}
	if parts := form.FindStringSubmatch(string(text)); parts != nil && w.opens(parts[2]) {
		say("235 hello")
		return mechanism, parts[1], nil
	}
	say("535 5.7.8 no")
	return "", "", errors.New("refused")
}

func TestMsmtpSendsMailWithTheToken(t *testing.T) {
	need(t, "msmtp", "msmtp")
	for auth, mechanism := range map[string]string{"xoauth2": "XOAUTH2", "oauthbearer": "OAUTHBEARER"} {
		w := start(t)
		port, ca, letters := w.mailServer()
		before := "defaults\ntls_trust_file " + w.file("ca.pem", ca) + "\n"
		w.file(".msmtprc", before)
		args := []string{"setup", "msmtp", "work", "--user", "ada@practice.example", "--host", "127.0.0.1", "--port", port, "--auth", auth, "--write"}
		w.run("authtray", args...)
		w.run("authtray", args...)
		if text := w.read(".msmtprc"); !strings.HasPrefix(text, before) || strings.Count(text, "account ") != 1 || strings.Contains(text, w.token("work")) {
			t.Errorf("%s", text)
		}
		w.given("Subject: hello\n\nworld\n", "msmtp", "-a", "authtray-work", "grace@practice.example")
		if m := <-letters; m.mechanism != mechanism || m.user != "ada@practice.example" || !strings.Contains(m.text, "world") {
			t.Errorf("%s: %+v", auth, m)
		}
		w.dead("ada")
		if _, _, errs := w.fails("Subject: x\n\n", "msmtp", "-a", "authtray-work", "grace@practice.example"); !strings.Contains(errs, "authtray connect work") {
			t.Errorf("msmtp says %q", errs)
		}
	}
}

// TestMailStringsAreWhatAServerTakes: for programs that send the string that
// they are given.
func TestMailStringsAreWhatAServerTakes(t *testing.T) {
	w := start(t)
	token := w.token("work")
	for _, c := range []struct {
		args []string
		form *regexp.Regexp
		user string
	}{
		{[]string{"xoauth2", "work", "--user", "ada@practice.example"}, xoauth2, "ada@practice.example"},
		{[]string{"xoauth2", "work"}, xoauth2, "ada"},
		{[]string{"oauthbearer", "work", "--user", "ada@practice.example", "--host", "h", "--port", "993"}, oauthbearer, "ada@practice.example"},
	} {
		text, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(w.run("authtray", append([]string{"helper"}, c.args...)...), "\n"))
		if parts := c.form.FindStringSubmatch(string(text)); err != nil || parts == nil || parts[1] != c.user || parts[2] != token {
			t.Errorf("%q: %d bytes, %v", c.args, len(text), err)
		}
	}
	_, _, errs := w.fails("", "authtray", "helper", "xoauth2", "work", "--user", "a\x01b")
	w.oneSentence(errs)
}

func TestMailProgramsAreShownTheirLines(t *testing.T) {
	w := start(t)
	box := []string{"work", "--user", "ada@practice.example", "--host", "imap.practice.example"}
	for tool, want := range map[string]string{
		"mbsync": "# in " + w.home + "/.mbsyncrc:\nIMAPAccount authtray-work\nHost imap.practice.example\nPort 993\nUser ada@practice.example\nSSLType IMAPS\n" +
			"AuthMechs XOAUTH2\nPassCmd \"authtray token work\"\n# XOAUTH2 comes with a plugin of Cyrus SASL's, cyrus-sasl-xoauth2\n",
		"neomutt": "# in neomuttrc:\nset imap_user = \"ada@practice.example\"\nset imap_authenticators = \"oauthbearer:xoauth2\"\n" +
			"set imap_oauth_refresh_command = \"authtray token work\"\nset smtp_authenticators = \"oauthbearer:xoauth2\"\n" +
			"set smtp_oauth_refresh_command = \"authtray token work\"\nset folder = \"imaps://imap.practice.example:993/\"\n",
	} {
		if got := w.run("authtray", append([]string{"setup", tool}, box...)...); got != want {
			t.Errorf("%s:\n%s", tool, got)
		}
	}
	for _, args := range [][]string{{}, {"--user", "a", "--host", `x"y`}, {"--user", "a\nb", "--host", "x"}, {"--user", "a", "--host", "x", "--auth", "plain"}} {
		code, _, errs := w.fails("", "authtray", append([]string{"setup", "msmtp", "work"}, args...)...)
		if code != 2 {
			t.Errorf("%q: %d", args, code)
		}
		w.oneSentence(errs)
	}
}
