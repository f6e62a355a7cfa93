package bench

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens/store/storetest"
)

// command is a process to measure, from its start to its end.
type command struct {
	name  string
	argv  []string
	env   []string
	stdin string // a file; "": nothing
}

// commands measures what a command costs, from its start to its end.
func commands(t *testing.T, s *sheet) {
	a := newAuthtray(t)
	p := practice(t)
	const host = "git.example.org"
	a.write("bench", p, `hosts = ["`+host+`"]`)
	a.run("--no-tray", "--store=memory")
	a.signIn("bench")
	git, docker := a.file("git", "protocol=https\nhost="+host+"\n\n"), a.file("docker", host)
	base := []command{
		{name: "an empty Go program", argv: []string{empty(t)}},
		{name: "/bin/true", argv: []string{"/bin/true"}},
	}
	ours := func(stdin string, args ...string) command {
		return command{name: "authtray " + strings.TrimSuffix(strings.Join(args, " "), " bench"), argv: append([]string{a.path}, args...), env: a.env, stdin: stdin}
	}
	all := append(base,
		ours("", "token", "bench"),
		ours("", "token", "--format", "json", "bench"),
		ours(git, "helper", "git", "get"),
		ours(docker, "helper", "docker", "get"),
		ours("", "helper", "kubectl", "bench"),
		ours("", "status"),
		ours("", "version"),
	)
	all = append(all, rivals(t)...)
	var contenders []contender
	for _, c := range all {
		contenders = append(contenders, contender{c.name, c.once})
	}
	got := takeTurns(t, n(), contenders)
	to := s.table("Commands, from start to end", "ms")
	ratios := s.addAll(to, contenders, base[0].name, got)
	s.atMost("authtray token beside an empty Go program", "×", ratios["authtray token"], 1.25)
	s.report("authtray token", "ms", got["authtray token"].median())
	if theirs := got["oidc-token"]; theirs != nil {
		s.report("oidc-token", "ms", theirs.median())
		s.report("authtray token beside oidc-token", "×", got["authtray token"].over(theirs).median())
	}
	s.report("/bin/true", "ms", got["/bin/true"].median())
	for _, c := range all[3:9] {
		s.atMost(c.name+" beside an empty Go program", "×", ratios[c.name], 2)
	}
	instructions(t, s, all)
}

// rivals are programs of others that do the same, where they are installed.
func rivals(t *testing.T) (found []command) {
	if o := newOIDCAgent(t); o != nil {
		found = append(found, command{name: "oidc-token", argv: []string{look(t, "oidc-token"), "bench"}, env: o.env})
	}
	if _, err := exec.LookPath("secret-tool"); err == nil {
		bus := storetest.StartBus(t)
		k := bus.StartKeyring("bench")
		if _, err := k.SecretTool("a secret", "store", "--label=bench", "service", "bench"); err != nil {
			t.Fatal(err)
		}
		found = append(found, command{name: "secret-tool lookup", argv: []string{look(t, "secret-tool"), "lookup", "service", "bench"}, env: bus.Env()})
	}
	return found
}

func look(t *testing.T, name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (c command) once() (float64, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	in := null
	if c.stdin != "" {
		if in, err = os.Open(c.stdin); err != nil {
			return 0, err
		}
		defer in.Close()
	}
	began := time.Now()
	p, err := os.StartProcess(c.argv[0], c.argv, &os.ProcAttr{Env: c.env, Files: []*os.File{in, null, os.Stderr}})
	if err != nil {
		return 0, err
	}
	state, err := p.Wait()
	took := time.Since(began)
	if err == nil && !state.Success() {
		err = fmt.Errorf("%s", state)
	}
	return milliseconds(took), err
}

var collected = regexp.MustCompile(`(?m)Collected : (\d+)`)

// instructions counts those of each command in its own process, where valgrind is
// installed: no other program changes them.
func instructions(t *testing.T, s *sheet, all []command) {
	if _, err := exec.LookPath("valgrind"); err != nil {
		return
	}
	counts := map[string]float64{}
	for _, c := range all {
		log := t.TempDir() + "/callgrind"
		cmd := exec.Command("valgrind", append([]string{"--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file=" + log}, c.argv...)...)
		cmd.Env = append([]string{"GODEBUG=asyncpreemptoff=1"}, c.env...) // valgrind ends where a signal comes in its sigreturn
		if c.stdin != "" {
			in, err := os.Open(c.stdin)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			cmd.Stdin = in
		}
		if err := cmd.Run(); err != nil {
			continue
		}
		said, err := os.ReadFile(log)
		if found := collected.FindSubmatch(said); err == nil && found != nil {
			if n, err := strconv.ParseFloat(string(found[1]), 64); err == nil {
				counts[c.name] = n / 1e6
			}
		}
	}
	var words []string
	for _, c := range all {
		if n := counts[c.name]; n > 0 {
			words = append(words, fmt.Sprintf("%s %.2f", c.name, n))
		}
	}
	last := s.Sections[len(s.Sections)-1]
	last.Notes = append(last.Notes, "Instructions in the process itself, in millions (callgrind): "+strings.Join(words, ", ")+".")
}
