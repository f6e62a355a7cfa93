package windows

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestWineConnectionLivesItsLife is the story of a connection. Its log is the
// transcript that `make test-windows` prints.
func TestWineConnectionLivesItsLife(t *testing.T) {
	m := newMachine(t, "")
	port := m.port()
	m.start()
	m.authtray(0, "run") // a second one, of another session of this user too, leaves it to the first
	m.authtray(0, "add", "work", "--provider", "practice", "--set", "vars.port="+port)
	m.connect("work")
	token := strings.TrimSpace(m.authtray(0, "token", "work"))
	if _, known := m.provider.GrantOf(token); !known {
		t.Fatal("the provider does not know the token")
	}
	if out := m.authtray(0, "status"); !strings.Contains(out, "● connected") || strings.Contains(out, "\r") {
		t.Errorf("status is not UTF-8 with LF: %q", out)
	}
	m.authtray(0, "doctor")
	m.authtray(0, "log")
	m.helpers(port)
	m.inEveryCodePage()

	m.kill()
	m.authtray(5, "token", "work")
	m.start()
	if after := strings.TrimSpace(m.authtray(0, "token", "work")); after == "" {
		t.Error("no token after a restart")
	}

	if m.provider.Revoke("ada") == 0 {
		t.Fatal("there was nothing to revoke")
	}
	m.authtray(3, "refresh", "work")
	m.authtray(3, "token", "work")
	m.balloonAndMenu()
	m.authtray(0, "token", "work")
	m.quit()
}

// helpers asks as tools do, with the line ends of theirs.
func (m *machine) helpers(port string) {
	m.t.Helper()
	for _, end := range []string{"\n", "\r\n"} {
		out := m.piped(0, strings.Join([]string{"protocol=http", "host=127.0.0.1:" + port, "", ""}, end), "helper", "git", "get")
		if !strings.Contains(out, "username=ada\n") || strings.Contains(out, "\r") {
			m.t.Errorf("to %q git got %q", end, out)
		}
	}
	m.gitInWSL(port)
	if out := m.authtray(0, "helper", "kubectl", "work"); !strings.Contains(out, "ExecCredential") {
		m.t.Errorf("kubectl got %q", out)
	}
	if out := m.authtray(7, "exec", "work", "--", "cmd", "/c", "if defined ACCESS_TOKEN exit 7"); out != "" {
		m.t.Errorf("exec said %q", out)
	}
	m.piped(0, m.authtray(0, "token", "work")+"\r\n", "rejected", "work")
	m.authtray(0, "token", "work")
}

// gitInWSL types the lines of `setup git --wsl` and has git ask as they say. Linux' git is
// here as it is there; what starts a program of Windows there is Wine here.
func (m *machine) gitInWSL(port string) {
	m.t.Helper()
	lines := m.authtray(0, "setup", "git", "work", "--wsl", "--host", "127.0.0.1:"+port)
	if strings.Contains(lines, "\r") {
		m.t.Errorf("for the git in WSL: %q", lines)
	}
	config := filepath.Join(m.t.TempDir(), "gitconfig")
	linux := func(in string, program string, args ...string) string {
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+config, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
		cmd.Stdin = strings.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			m.t.Fatalf("%s %v: %v", program, args, err)
		}
		return string(out)
	}
	linux(lines, "sh", "-e")
	helper := strings.TrimSpace(linux("", "git", "config", "--global", "--get", "credential.http://127.0.0.1:"+port+".helper"))
	if !strings.Contains(helper, "/mnt/z"+m.programs+"/authtray.exe") {
		m.t.Errorf("the helper of the git in WSL is %q", helper)
	}
	linux("", "git", "config", "--global", "--replace-all", "credential.http://127.0.0.1:"+port+".helper", strings.Replace("!wine "+helper[1:], "/mnt/z/", "/", 1))
	out := linux("protocol=http\nhost=127.0.0.1:"+port+"\n\n", "git", "credential", "fill")
	if !strings.Contains(out, "username=ada\n") || !strings.Contains(out, "password=ey") || strings.Contains(out, "\r") {
		m.t.Errorf("the git in WSL got %q", withoutTokens(out))
	}
	m.t.Logf("(git in WSL, as those lines say) > git credential fill\n%s", withoutTokens(strings.TrimSpace(out)))
}

// inEveryCodePage wants the same bytes whatever the console's code page.
func (m *machine) inEveryCodePage() {
	m.t.Helper()
	defer func(set string) { m.set = set }(m.set)
	for _, page := range []string{"437", "850", "932", "1252", "65001"} {
		m.set = "chcp " + page + " >nul&& "
		if out := m.authtray(0, "status"); !strings.Contains(out, "● connected") || !utf8.ValidString(out) || strings.Contains(out, "\r") {
			m.t.Errorf("code page %s: %q", page, out)
		}
	}
}

// balloonAndMenu looks at how the user is told, and reconnects in the tray's menu.
func (m *machine) balloonAndMenu() {
	m.t.Helper()
	time.Sleep(5 * time.Second) // Wine draws a balloon after two
	m.screenshot("balloon")
	const x, y = "12", "32" // the first icon in the window that Wine has for them where no panel takes them
	m.xdotool("mousemove", x, y, "click", "3")
	time.Sleep(2 * time.Second)
	m.screenshot("menu")
	m.xdotool("key", "Down", "Down", "Return") // below “Open Authtray…”
	ctx, cancel := context.WithTimeout(context.Background(), hangTime)
	defer cancel()
	m.signIn(ctx, m.browser)
	for ctx.Err() == nil && m.wine(ctx, "authtray.exe", "token", "work").Run() != nil {
		time.Sleep(200 * time.Millisecond)
	}
	m.t.Log("(“Reconnect” in the tray's menu opened the browser; somebody signed in)")
}

// TestWineOneAgentForOneUser starts another one whose %AppData% is on another drive, as a
// second session may have it: it has other folders, the same keychain and the same pipe.
func TestWineOneAgentForOneUser(t *testing.T) {
	home := filepath.Join(t.TempDir(), "Jürgen Müller 日本")
	there := `Z:` + strings.ReplaceAll(home, "/", `\`)
	first := newMachine(t, "")
	second := newMachine(t, `set APPDATA=`+there+`\Roaming&& set LOCALAPPDATA=`+there+`\Local&& `)
	first.start()
	if out := second.authtray(1, "run"); !strings.Contains(out, "another Authtray keeps these connections") {
		t.Errorf("the second one says %q", out)
	}
	first.quit()
	second.start()
	second.authtray(0, "add", "moved", "--provider", "practice", "--set", "vars.port="+second.port())
	second.connect("moved")
	if out := second.authtray(0, "token", "moved"); out == "" {
		t.Error("no token")
	}
	for _, kept := range []string{"Roaming/authtray/connections/moved.toml", "Local/authtray/agent.lock"} {
		if !exists(filepath.Join(home, kept)) {
			t.Errorf("there is no %s", kept)
		}
	}
	second.authtray(0, "remove", "moved")
	second.quit()
}

// TestWineClosingTheTerminalLeavesTheAgent closes the console window in which a command
// started the agent.
func TestWineClosingTheTerminalLeavesTheAgent(t *testing.T) {
	m := newMachine(t, "")
	terminal := exec.Command("wineconsole", "cmd", "/k", "authtray.exe", "open")
	terminal.Dir = m.programs
	if err := terminal.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- terminal.Wait() }()
	m.awaitAgent()
	agent := m.process()
	t.Logf("(in a console window) > authtray open\nThe agent is process %s.", agent)
	select {
	case err := <-ended:
		t.Fatalf("the console ended by itself: %v", err)
	default:
	}
	if out, err := exec.Command("wine", "taskkill", "/IM", "conhost.exe").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	select {
	case <-ended:
		t.Log("(the console window is closed, and the cmd.exe in it has ended)")
	case <-time.After(hangTime):
		t.Fatal("what ran in the console did not end with it")
	}
	if after := m.process(); after != agent {
		t.Errorf("the agent is process %s after the console was closed, and was %s", after, agent)
	}
	m.authtray(0, "quit")
}

func TestWineWindowOpens(t *testing.T) {
	m := newMachine(t, "")
	if !exists(filepath.Join(m.programs, "authtray-window.exe")) {
		t.Skip("the window is not there: `make windows` builds it where gcc-mingw-w64-x86-64 is installed")
	}
	m.start()
	m.authtray(0, "add", "pictured", "--provider", "practice", "--set", "vars.port="+m.port())
	m.connect("pictured")
	m.authtray(0, "open")
	for limit := time.Now().Add(hangTime); exec.Command("xdotool", "search", "--onlyvisible", "--name", "^Authtray").Run() != nil; {
		if time.Now().After(limit) {
			t.Fatal("no window came")
		}
		time.Sleep(200 * time.Millisecond)
	}
	time.Sleep(5 * time.Second) // it is drawn by then
	m.screenshot("window")
	defer exec.Command("wine", "taskkill", "/F", "/IM", "authtray-window.exe").Run()
	m.authtray(0, "remove", "pictured")
	m.quit()
}

// TestWineInstallsForOneUser unpacks the zip where a user of that name would, and
// installs, updates and removes it.
func TestWineInstallsForOneUser(t *testing.T) {
	const home = `C:\users\Jürgen Müller 日本`
	m := newMachine(t, `set APPDATA=`+home+`\AppData\Roaming&& set LOCALAPPDATA=`+home+`\AppData\Local&& `)
	unpacked := filepath.Join(t.TempDir(), "Down löads & 日本")
	if out, err := exec.Command("unzip", "-q", os.Getenv("WINE_ZIP"), "-d", unpacked).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(unpacked, "*", "install.cmd"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	prefix := filepath.Join(os.Getenv("WINEPREFIX"), "drive_c", "users")
	folder := filepath.Join(prefix, "Jürgen Müller 日本", "AppData", "Local", "Programs", "Authtray")
	m.programs = folder
	run := func(script string, args ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), hangTime)
		defer cancel()
		cmd := exec.CommandContext(ctx, "wine", "cmd", "/c", m.set+filepath.Base(script)+" "+strings.Join(args, " "))
		cmd.Dir = filepath.Dir(script)
		said, err := os.CreateTemp(t.TempDir(), "said") // a pipe would end with the agent that it starts
		if err != nil {
			t.Fatal(err)
		}
		defer said.Close()
		cmd.Stdout, cmd.Stderr = said, said
		err = cmd.Run()
		out, _ := os.ReadFile(said.Name())
		t.Logf("> %s %s\n%s", filepath.Base(script), strings.Join(args, " "), out)
		if err != nil {
			t.Fatal(err)
		}
	}
	registry := func(key string) string { // in a code page that has not all of the user's name
		out, _ := exec.Command("wine", "reg", "query", `HKCU\`+key).Output()
		return string(out)
	}
	const runKey, appsKey = `Software\Microsoft\Windows\CurrentVersion\Run`, `Software\Microsoft\Windows\CurrentVersion\Uninstall\Authtray`
	for _, round := range []string{"installed", "updated"} {
		run(found[0], "/q")
		m.awaitAgent()
		if got := strings.Count(registry("Environment"), `\AppData\Local\Programs\Authtray`); got != 1 {
			t.Errorf("%s: the folder is in PATH %d times", round, got)
		}
		if got := registry(runKey); !strings.Contains(got, `\AppData\Local\Programs\Authtray\authtray-agent.exe" run --login`) {
			t.Errorf("%s: at login: %s", round, got)
		}
		if got := registry(appsKey); !strings.Contains(got, "uninstall.cmd") {
			t.Errorf("%s: installed apps: %s", round, got)
		}
		if links, _ := filepath.Glob(filepath.Join(prefix, "*", "AppData", "Roaming", "Microsoft", "Windows", "Start Menu", "Programs", "Authtray.lnk")); len(links) != 1 {
			t.Errorf("%s: in the Start menu: %v", round, links)
		}
		if got := registry(`Software\Classes\AppUserModelId\Authtray`); !strings.Contains(got, "Authtray") {
			t.Errorf("%s: the agent has not said whose its notifications are: %s", round, got)
		}
	}
	m.authtray(0, "add", "kept", "--provider", "practice")
	if out := m.piped(0, "", "version"); out == "" {
		t.Error("no version")
	}
	helper := m.wine(t.Context(), "docker-credential-authtray.exe", "list")
	if out, err := helper.CombinedOutput(); exitCode(err) != 0 || !strings.HasPrefix(string(out), "{") {
		t.Errorf("docker-credential-authtray.exe list: %v: %s", err, out)
	}
	mine := filepath.Join(folder, "mine.txt")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	run(filepath.Join(folder, "uninstall.cmd"), "/q")
	left, _ := filepath.Glob(filepath.Join(folder, "*"))
	if len(left) != 1 || left[0] != mine {
		t.Errorf("left of the programs: %v", left)
	}
	for _, key := range []string{"Environment", runKey, appsKey, `Software\Classes\AppUserModelId\Authtray`} {
		if got := registry(key); strings.Contains(got, "Authtray") || strings.Contains(got, "authtray") {
			t.Errorf("left in the registry: %s", got)
		}
	}
	if kept := filepath.Join(prefix, "Jürgen Müller 日本", "AppData", "Roaming", "authtray", "connections", "kept.toml"); !exists(kept) {
		t.Errorf("the user's file is gone: %s", kept)
	}
}
