package outside

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// The whole story, at debug level, with all that goes wrong: add, connect in
// every way and with every mistake, tokens, rejections, requests, refreshes,
// careless and broken providers, a death, a crash. Then everything that was
// written anywhere is searched for every secret that was in play.
func TestNoSecretIsWrittenAnywhereInAWholeStory(t *testing.T) {
	for _, kept := range []string{"keychain", "file"} {
		t.Run(kept, func(t *testing.T) {
			s := newStory(t, kept)
			s.configure()
			s.connectInEveryWay()
			s.useTokens()
			s.strayInput()
			s.registered()
			s.wholeProduct()
			s.talkative()
			s.wrongPlaces()
			s.carelessProvider()
			s.brokenProvider()
			s.deathAndReconnect()
			s.readTheSurface()
			s.startedByACommand()
			s.dump()
			s.searchEverything()
		})
	}
}

const ownSecret, filePassphrase, decoy = server.ConfidentialSecret, "correct-horse-battery-staple", "decoy-7f3a9c51e20b"

// story is what it plays in.
type story struct {
	*program
	t        *testing.T
	kept     string
	bus      *storetest.Bus
	ledger   *ledger
	kit      *faultkit.Kit
	provider *practicetest.Provider
	notices  *notices
	registrar
	records string // of the children
	port    string
	agents  int // that were looked at
}

func newStory(t *testing.T, kept string) *story {
	t.Helper()
	s := &story{t: t, kept: kept, ledger: newLedger(), kit: faultkit.New(faultkit.Options{}), bus: storetest.StartBus(t)}
	if kept == "keychain" {
		s.bus.StartKeyring("login password")
	}
	s.notices = startNotices(t, s.bus.Address())
	s.provider = practicetest.Start(t, server.Options{DeviceInterval: time.Second, Lifetime: 20 * time.Second}, s.ledger.Wrap, s.registrar.Wrap, s.kit.Wrap)
	s.port = s.provider.Issuer[strings.LastIndexByte(s.provider.Issuer, ':')+1:]
	path, records := children(t, "xdg-open", "authtray-window", toolNames...)
	s.records = records
	s.program = newProgram(t, "AUTHTRAY_LOG=debug", "GOTRACEBACK=all", "DISPLAY=:9797", "SOME_API_TOKEN="+decoy,
		"DBUS_SESSION_BUS_ADDRESS="+s.bus.Address())
	s.env[0] = "PATH=" + path + ":/usr/bin:/bin"
	for secret, k := range map[string]kind{
		ownSecret: clientSecret, "wrong-client-secret": clientSecret, filePassphrase: passphrase, decoy: environment,
	} {
		s.ledger.remember(secret, k)
	}
	s.write("settings.toml", "reminders = false\n")
	s.begin()
	return s
}

func (s *story) begin() {
	if s.kept == "file" {
		s.start(filePassphrase+"\n", "--store=file")
	} else {
		s.start("")
	}
	s.proc()
}

// write writes a file into the configuration.
func (s *story) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.home, ".config/authtray", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) configure() {
	practice := []string{"--provider", "practice", "--set", "vars.port=" + s.port}
	secretly := append(practice, "--client-id", server.ConfidentialClient, "--set", "client.secret=required")
	s.must("", append([]string{"add", "work", "--set", "client.auth=post"}, secretly...)...)
	s.must("", append([]string{"add", "basic", "--set", "client.auth=basic"}, secretly...)...)
	s.must("", append([]string{"add", "pub"}, practice...)...)
	s.must("", append([]string{"add", "pushed", "--client-id", server.PARClient, "--set", "par_required=true"}, practice...)...)
	s.must("", append([]string{"add", "wide", "--host", "git.example.org"}, practice...)...)
	s.must("", "add", "files", "--mcp", mcpServer(s.t, s.provider.Issuer))
	s.widen()
	s.do(nil, "", "secret", "set", "work")
	s.must("wrong-client-secret\n", "secret", "set", "work")
	s.watch()
}

// watch follows all changes; what it prints is in the home, which is searched.
func (s *story) watch() {
	out, err := os.Create(s.home + "/watch.out")
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	cmd := s.command("watch", "--json")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
}

// connected wants a connect command to have worked.
func (s *story) connected(who person, args ...string) {
	s.t.Helper()
	if r := s.connect(who, args...); r.code != 0 {
		s.t.Errorf("connect %s ended with %d", args, r.code)
	}
}

func (s *story) refused(who person, args ...string) {
	s.t.Helper()
	if r := s.connect(who, args...); r.code == 0 {
		s.t.Errorf("connect %s worked", args)
	}
}

func (s *story) connectInEveryWay() {
	s.refused(allows, "work", "--no-browser") // with the wrong secret
	for _, name := range []string{"work", "basic"} {
		s.must(ownSecret+"\n", "secret", "set", name)
	}
	s.refused(denies, "work", "--no-browser")
	s.refused(s.errorFullOfSecrets, "work", "--no-browser")
	s.refused(pastes(onlyTheCode), "work", "--paste")
	s.refused(pastes(anotherState), "work", "--paste")
	s.refused(pastes(anotherHost), "work", "--paste")
	s.connected(pastes(asItIs), "work", "--paste")
	s.connected(s.strayRequests, "work", "--no-browser")
	s.connected(allows, "basic") // the browser is opened, and the person is quick
	s.connected(allows, "pushed", "--no-browser")
	s.connected(allows, "wide", "--no-browser")
	s.refused(deniesDevice, "pub", "--device")
	s.connected(approvesDevice, "pub", "--device")
	s.must("", "disconnect", "pub")
	s.do(nil, "", "open")
}

// strayRequests come to the listener before the right one.
func (s *story) strayRequests(ctx context.Context, at string) (string, error) {
	redirect, err := practicetest.Consent(ctx, at, "ada")
	if err != nil {
		return "", err
	}
	for _, stray := range []func(string) string{onlyTheCode, anotherState, noState, twice, anotherPath} {
		visit(ctx, stray(redirect))
	}
	return "", visit(ctx, redirect)
}

// errorFullOfSecrets is an authorization error that repeats the state.
func (s *story) errorFullOfSecrets(ctx context.Context, at string) (string, error) {
	u, err := url.Parse(at)
	if err != nil {
		return "", err
	}
	own := u.Query().Get("state")
	q := url.Values{"state": {own}, "error": {"bad_" + own}, "error_description": {own}, "iss": {s.provider.Issuer}}
	return "", visit(ctx, u.Query().Get("redirect_uri")+"?"+q.Encode())
}

func pastes(change func(redirect string) string) person {
	return func(ctx context.Context, at string) (string, error) {
		redirect, err := practicetest.Consent(ctx, at, "ada")
		return change(redirect) + "\n", err
	}
}

func changed(redirect string, change func(*url.URL, url.Values)) string {
	u, err := url.Parse(redirect)
	if err != nil {
		return redirect
	}
	q := u.Query()
	change(u, q)
	u.RawQuery = q.Encode()
	return u.String()
}

func asItIs(redirect string) string { return redirect }
func onlyTheCode(redirect string) string {
	u, _ := url.Parse(redirect)
	return u.Query().Get("code")
}
func anotherState(redirect string) string {
	return changed(redirect, func(_ *url.URL, q url.Values) { q.Set("state", q.Get("state")+"x") })
}
func noState(redirect string) string {
	return changed(redirect, func(_ *url.URL, q url.Values) { q.Del("state") })
}
func twice(redirect string) string {
	return changed(redirect, func(_ *url.URL, q url.Values) { q.Add("code", q.Get("code")) })
}
func anotherPath(redirect string) string {
	return changed(redirect, func(u *url.URL, _ url.Values) { u.Path += "/x" })
}
func anotherHost(redirect string) string {
	return changed(redirect, func(u *url.URL, _ url.Values) { u.Host = "127.0.0.2" })
}

func approvesDevice(ctx context.Context, at string) (string, error) {
	return "", practicetest.ApproveDevice(ctx, at, "ada")
}

func deniesDevice(ctx context.Context, at string) (string, error) {
	return "", practicetest.DenyDevice(ctx, at, "ada")
}

func (s *story) useTokens() {
	for _, format := range []string{"raw", "json", "header", "env"} {
		s.must("", "token", "work", "--format", format)
	}
	token := s.must("", "token", "work").out
	s.do([]kind{accessToken}, token, "rejected", "work") // too young to be rejected, or renewed
	s.must("", "request", "work", "/whoami")
	s.must("", "request", "work", "/echo", "-i", "-d", "x=y")
	s.provider.RejectAccess(strings.TrimSpace(token))
	s.do(nil, "", "request", "work", "/whoami") // rejected, and too young to be renewed
	s.do(nil, "", "request", "work", "https://elsewhere.example/x")
	s.do(nil, "", "request", "work", "/echo", "-H", "Authorization: Bearer x")
	s.must("", "refresh", "work")
	s.must("", "status", "work", "--json")
	s.must("", "status")
	s.do([]kind{accessToken}, "", "token", "work", "--min-valid", "nonsense")
}

// strayInput is what comes by mistake, with secrets in it.
func (s *story) strayInput() {
	for _, k := range []kind{refreshToken, accessToken, code} {
		for i, secret := range s.ledger.of(k) {
			if i == 3 {
				break
			}
			s.do([]kind{accessToken}, secret, "rejected", "work")
			s.raw("GET /v1/connections/" + url.PathEscape(secret) + "/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			s.raw(post("/v1/connections/work/rejected", `{"access_token":"`+secret+`","x":1}`))
			s.raw(post("/v1/connections/work/rejected", `{"access_token":["`+secret+`"]`))
			s.raw(post("/v1/connections/work/connect/redirect", `{"url":"`+secret+`"}`))
			s.raw("GET /v1/health HTTP/1.1\r\nHost: x\r\n" + secret + "\r\n\r\n")
			s.raw(secret + "\r\n\r\n")
			s.raw("GET /v1/health HTTP/1.1\r\nHost: x\r\nContent-Length: " + secret + "\r\n\r\n")
			s.raw("GET /v1/connections/work/token?min_valid=" + url.QueryEscape(secret) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: " + secret + "\r\n\r\n")
		}
	}
	s.raw(strings.Replace(post("/v1/connections/work/secret", `{"client_secret":{"is":"`+ownSecret+`"}}`), "POST", "PUT", 1))
}

func post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

// raw says something to the socket, and returns what is answered. A caller's own
// secrets may be in there.
func (s *story) raw(text string) (answer string) {
	s.t.Helper()
	return s.own().say(s.t, text, hangTime)
}

// carelessProvider repeats what it is told, wherever it is told something.
func (s *story) carelessProvider() {
	for _, e := range echoes() {
		s.echoed(e, "/token", func() { s.do(nil, "", "refresh", "work") })
		s.do(nil, "", "status", "work", "--json")
		s.heal("work")
		s.echoed(e, "/token", func() { s.connect(allows, "pub", "--no-browser") })
		s.echoed(e, "/userinfo", func() { s.connect(allows, "pub", "--no-browser") })
		s.echoed(e, "/revoke", func() { s.do(nil, "", "disconnect", "pub") })
		s.echoed(e, "/par", func() { s.connect(allows, "pushed", "--no-browser") })
		s.echoed(e, "/device_authorization", func() { s.connect(approvesDevice, "work", "--device", "--timeout", "5s") })
		s.echoed(e, "/api/whoami", func() { s.do([]kind{accessToken, refreshToken}, "", "request", "work", "/whoami") })
	}
	for _, e := range echoes()[:3] {
		s.echoed(e, "/token", func() { s.do(nil, "", "refresh", "basic") })
		s.heal("basic")
	}
}

// echoed lets the provider be careless once, and wants it to have been asked.
func (s *story) echoed(e echo, path string, asks func()) {
	s.t.Helper()
	said := s.ledger.say(e, path)
	asks()
	s.ledger.silent()
	select {
	case <-said.met:
	default:
		s.t.Errorf("nothing secret was sent to %s, so the echo %q tells nothing", path, e.name)
	}
}

// heal makes a connection good again.
func (s *story) heal(name string) {
	s.t.Helper()
	if s.do(nil, "", "refresh", name).code != 0 {
		s.connected(allows, name, "--no-browser")
	}
}

func (s *story) brokenProvider() {
	for _, f := range faults() {
		s.kit.Script(f)
		s.do(nil, "", "refresh", "work")
		s.do([]kind{accessToken}, "", "token", "work")
		s.heal("work")
	}
	s.kit.Script(faultkit.DropAnswer()) // and with it a rotated refresh token
	s.do(nil, "", "refresh", "work")
	s.heal("work")
}

func (s *story) deathAndReconnect() {
	s.provider.Revoke("ada")
	if r := s.do(nil, "", "refresh", "work"); r.code != 3 {
		s.t.Errorf("refresh of a revoked grant ended with %d", r.code)
	}
	s.do([]kind{accessToken}, "", "token", "work")
	eventually(s.t, func() string { return "no notification" }, func() bool { return s.notices.withButton() > 0 })
	s.connected(allows, "work")
	s.must("", "disconnect", "basic")
	s.must("", "remove", "basic")
}

// readTheSurface asks for everything that the socket tells but tokens.
func (s *story) readTheSurface() {
	for _, path := range []string{"connections", "connections/work", "providers", "providers/practice", "settings", "health", "log?n=10000", "doctor"} {
		answer := s.raw("GET /v1/" + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
			s.t.Errorf("%s is answered %.20q", path, answer)
		}
		s.places = append(s.places, place{"the answer to " + path, answer, nil})
	}
	bundle := s.must("", "support", "--output", s.home+"/support.txt") // in the home, which is searched
	if text, err := os.ReadFile(s.home + "/support.txt"); err != nil || !strings.Contains(string(text), "== Connections") {
		s.t.Errorf("there is no bundle: %v, %s", err, bundle.out)
	}
}

// startedByACommand: connect starts an agent, whose log is a file.
func (s *story) startedByACommand() {
	s.must("", "quit")
	<-s.ended
	if s.kept == "file" {
		s.begin() // a passphrase can be asked for there only
		return
	}
	s.connected(allows, "work", "--no-browser")
	s.proc()
	s.must("", "token", "work")
	s.must("", "quit")
	s.begin()
}

// dump is a goroutine dump, with a refresh and a flow under way.
func (s *story) dump() {
	held, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	s.kit.Script(faultkit.Hold(held, release))
	refresh := s.command("refresh", "work")
	if err := refresh.Start(); err != nil {
		s.t.Fatal(err)
	}
	defer refresh.Wait()
	<-held
	s.proc()
	s.agent.Process.Signal(syscall.SIGQUIT)
	<-s.ended
	if said := s.said(); !strings.Contains(said, "SIGQUIT") || !strings.Contains(said, "goroutine ") {
		s.t.Error("there is no goroutine dump in what the agent said")
	}
}

// proc keeps what the kernel tells of the agent's process, whoever started it.
func (s *story) proc() {
	s.t.Helper()
	s.agents++
	for name, text := range tellsOf(s.serving()) {
		if text == "" && (os.Getuid() == 0 || name != "environ") {
			s.t.Errorf("the %s of the agent cannot be read", name)
		}
		p := place{name: fmt.Sprintf("the %s of agent %d", name, s.agents), text: text}
		if name == "environ" {
			p.may = []kind{environment}
		}
		s.places = append(s.places, p)
	}
}

func (s *story) searchEverything() {
	secrets := s.ledger.known()
	s.enough(secrets)
	places := append(s.places, files(s.t, s.home)...)
	if !slices.ContainsFunc(places, func(p place) bool {
		return strings.Contains(p.name, "/history/") && strings.Contains(p.text, "refreshed")
	}) {
		s.t.Error("no connection has a history on disk")
	}
	for _, p := range s.processes {
		places = append(places, p)
	}
	places = append(places, files(s.t, s.bus.Home())...)
	places = append(places, started(s.t, s.records, "xdg-open")...)
	for _, said := range s.notices.all() {
		places = append(places, place{"a notification", said, nil})
	}
	size := 0
	for _, p := range places {
		size += len(p.text)
	}
	newSearch(secrets).clean(s.t, places)
	s.t.Logf("%d secrets were in play, and looked for in %d places, %d bytes; %d agents, and %d of %d commands while they ran",
		len(secrets), len(places), size, s.agents, s.seen, s.commands)
}

// enough: a search without secrets, or without a log, would be clean too.
func (s *story) enough(secrets map[string]kind) {
	count := map[kind]int{}
	for _, k := range secrets {
		count[k]++
	}
	for _, k := range []kind{accessToken, refreshToken, idToken, code, verifier, state, deviceCode, clientSecret, registration, awsSecret, passphrase, environment} {
		if count[k] == 0 {
			s.t.Errorf("no %s was in play", k)
		}
	}
	said := s.said()
	for _, line := range []string{"ready", "refresh failed", "SIGQUIT"} {
		if !strings.Contains(said, line) {
			s.t.Errorf("the agent's log does not say %q", line)
		}
	}
	if s.seen < s.commands/2 {
		s.t.Errorf("only %d of %d commands' processes were looked at", s.seen, s.commands)
	}
	for _, child := range []string{"xdg-open", "authtray-window", "git", "tool"} {
		if found, _ := filepath.Glob(s.records + "/" + child + "*.environ"); len(found) == 0 {
			s.t.Errorf("%s was never started", child)
		}
	}
}

// files are all files below a folder.
func files(t *testing.T, dir string) (all []place) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		all = append(all, place{"the file " + strings.TrimPrefix(path, dir), string(text), nil})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
