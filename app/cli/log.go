package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/client"
)

// logOptions are what `authtray log` shows.
type logOptions struct {
	follow, asJSON bool
	connection     string
	count          int
}

func (s *shell) logCommand() *cobra.Command {
	var o logOptions
	c := &cobra.Command{
		Use:   "log",
		Short: "Show which program read which token when",
		Long: `Show who read tokens: time, connection, program, process, and what came of it. Where
authtray itself asked, the program that started it is shown.

The record is a record, not a wall; the newest two or three megabytes are kept.
Without an agent, what it recorded last is shown.`,
		Example: `  authtray log
  authtray log --connection work --count 20
  authtray log --follow --json | jq --unbuffered -r .exe`,
		Args: cobra.NoArgs,
	}
	c.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on with each new read, until interrupted")
	c.Flags().BoolVar(&o.asJSON, "json", false, "a JSON object a line")
	c.Flags().StringVar(&o.connection, "connection", "", "only reads of this connection")
	c.Flags().IntVarP(&o.count, "count", "n", 100, "how many of the last reads, of all connections")
	c.RunE = s.do(func(ctx context.Context, _ []string) error {
		if o.count < 0 {
			return usage("--count is a number, and not negative")
		}
		return s.showLog(ctx, o)
	})
	return c
}

func (s *shell) showLog(ctx context.Context, o logOptions) error {
	path := "/v1/log?n=" + strconv.Itoa(o.count) + "&follow=" + strconv.FormatBool(o.follow)
	reads, err := s.agent().Stream(ctx, http.MethodGet, path, nil)
	if errors.Is(err, client.ErrNoAgent) && !o.follow {
		return s.showOldLog(o)
	}
	if err != nil {
		return err
	}
	defer reads.Close()
	for line, err := reads.Line(); err == nil; line, err = reads.Line() {
		var r audit.Record
		if json.Unmarshal(line, &r) != nil {
			continue
		}
		if err := s.showRead(o, r); err != nil {
			return err
		}
	}
	if !o.follow || ctx.Err() != nil {
		return nil
	}
	return &trouble{exit: exitNoAgent, sentence: "the agent has ended", hint: "authtray run"}
}

func (s *shell) showOldLog(o logOptions) error {
	last, err := audit.Tail(s.paths.State, o.count)
	for i := 0; i < len(last) && err == nil; i++ {
		err = s.showRead(o, last[i])
	}
	return err
}

func (s *shell) showRead(o logOptions, r audit.Record) error {
	if o.connection != "" && r.Connection != o.connection && !r.IsGap() {
		return nil
	}
	if o.asJSON {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		return s.print("%s", text.EscapeJSON(line))
	}
	return s.print("%s", readLine(r))
}

// readLine is a record for a person.
func readLine(r audit.Record) string {
	if r.IsGap() {
		return fmt.Sprintf("%s  … %d reads could not be recorded", r.At.Local().Format(time.DateTime), r.Dropped)
	}
	exe, pid := r.Who()
	line := fmt.Sprintf("%s  %-12s  %s (process %d)", r.Time.Local().Format(time.DateTime), oneLine(r.Connection), api.Cell(exe, "a program that the system does not name"), pid)
	if r.ParentPID != 0 {
		line += " through authtray"
	}
	if r.What != audit.Token {
		line += ", " + oneLine(r.What)
	}
	if r.For != "" {
		line += ", for " + oneLine(r.For)
	}
	if r.Code != "" {
		line += ": no token, " + strings.ReplaceAll(oneLine(r.Code), "_", " ")
	}
	return line
}
