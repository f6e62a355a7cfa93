package story

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/authtray/authtray/app/e2e/desktop"
	"github.com/authtray/authtray/providers/practice/practicetest"
)

const (
	settling = 15 * time.Second // what a start still does
	watching = 35 * time.Second
)

// elsewhere are the same tray icon and menu in other ways, each watched for
// 35 s with no window ever opened, on two cores of the same kind. They were the
// reason for building the program in two ways.
const elsewhere = `Fyne 2.7.1 application with a tray	97 MB	29 MB	0.61 s	16778
fyne.io/systray, with Fyne linked in	23 MB	20 MB	-	-
fyne.io/systray without cgo, nothing else	6.4 MB	6.4 MB	0.00 s	197
`

// BenchmarkIdle shows what an agent costs that has nothing to do, with its icon
// in xfce4-panel.
func BenchmarkIdle(b *testing.B) {
	agent, practice := build(b, "authtray", module), build(b, "practice", module+"/providers/practice")
	d := desktop.Start(b)
	d.StartPanel()
	d.StartNotices()
	p := &program{t: b, d: d, path: agent}
	at := startProvider(b, d, practice, "6h")
	p.start()
	d.AwaitIcon("Authtray")
	for b.Loop() {
		alone := p.idle()
		p.do("add", name, "--provider", "practice", "--set", "vars.port="+at.port())
		p.connect("ada")
		connecting := p.idle()
		p.kill()
		p.start()
		connected := p.idle()
		table(row{"authtray, no connection", alone}, row{"authtray, which has just connected one", connecting},
			row{"authtray, started with one connection", connected})
		b.ReportMetric(float64(connected.RSS)/1e6, "RSS-MB")
		b.ReportMetric(float64(connected.Switches)/watching.Minutes(), "switches/min")
		p.do("remove", name)
	}
}

func (p *program) idle() desktop.Usage {
	time.Sleep(settling)
	return desktop.Measure(p.t, p.running.Process.Pid, watching)
}

// connect signs in without a browser.
func (p *program) connect(user string) {
	p.t.Helper()
	cmd := p.command("connect", name, "--no-browser")
	told, err := cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.d.Run(cmd)
	for lines := bufio.NewScanner(told); lines.Scan(); {
		if url := lines.Text(); strings.HasPrefix(url, "http") {
			p.signIn(url, user)
		}
	}
	if err := cmd.Wait(); err != nil {
		p.t.Fatalf("authtray connect: %v", err)
	}
}

func (p *program) signIn(url, user string) {
	p.t.Helper()
	redirect, err := practicetest.Consent(p.t.Context(), url, user)
	if err != nil {
		p.t.Fatal(err)
	}
	answer, err := http.Get(redirect)
	if err != nil {
		p.t.Fatal(err)
	}
	answer.Body.Close()
}

type row struct {
	who string
	desktop.Usage
}

func table(rows ...row) {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintf(out, "\nidle for %v\tRSS\tprivate\tCPU\tcontext switches\n", watching)
	for _, r := range rows {
		fmt.Fprintf(out, "%s\t%.1f MB\t%.1f MB\t%.2f s\t%d\n", r.who, float64(r.RSS)/1e6, float64(r.Private)/1e6, r.CPU.Seconds(), r.Switches)
	}
	fmt.Fprint(out, elsewhere)
	out.Flush()
}
