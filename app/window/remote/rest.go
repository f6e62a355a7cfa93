package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/authtray/authtray/providers"
)

// Brief is a provider in the list of all.
type Brief struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Entry is a provider with what its app must be registered with.
type Entry struct {
	providers.Entry
	RedirectURI string `json:"redirect_uri"`
}

// Settings are the agent's own. A nil field is left as it is.
type Settings struct {
	Notifications *bool `json:"notifications,omitempty"`
	Reminders     *bool `json:"reminders,omitempty"`
	Autostart     *bool `json:"autostart,omitempty"`
}

// Health is what the agent says of itself.
type Health struct {
	Version       string   `json:"version"`
	Uptime        string   `json:"uptime"`
	PID           int      `json:"pid"`
	Profile       string   `json:"profile"`
	Store         string   `json:"store"`
	Tray          string   `json:"tray"`
	Notifications string   `json:"notifications"`
	Notes         []string `json:"notes"`
}

// Check is one line of the doctor's report.
type Check struct {
	ID     string `json:"id"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
}

// Read is one read of a token, as the audit log has it, or a gap in it.
type Read struct {
	Time       time.Time `json:"time"`
	Connection string    `json:"connection"`
	PID        int       `json:"pid"`
	UID        int       `json:"uid"`
	Exe        string    `json:"exe"` // "" where the system would not say
	What       string    `json:"what"`
	Code       string    `json:"code"` // why no token was given; "" where one was

	// Where authtray itself asked, the program that it asked for.
	ParentPID int    `json:"parent_pid"`
	ParentExe string `json:"parent_exe"`

	Dropped int       `json:"dropped"` // a gap: so many reads are missing before At
	At      time.Time `json:"at"`
}

// Who is the program that wanted the token, and its process.
func (r Read) Who() (exe string, pid int) {
	if r.ParentPID != 0 {
		return r.ParentExe, r.ParentPID
	}
	return r.Exe, r.PID
}

// Providers lists the catalogue.
func (c *Client) Providers(ctx context.Context) ([]Brief, error) {
	var a struct {
		Providers []Brief `json:"providers"`
	}
	return a.Providers, c.call(ctx, quick, http.MethodGet, "/v1/providers", nil, &a)
}

// Provider is one entry of the catalogue.
func (c *Client) Provider(ctx context.Context, id string) (e Entry, err error) {
	return e, c.call(ctx, quick, http.MethodGet, "/v1/providers/"+url.PathEscape(id), nil, &e)
}

// Settings asks for the agent's settings.
func (c *Client) Settings(ctx context.Context) (s Settings, err error) {
	return s, c.call(ctx, quick, http.MethodGet, "/v1/settings", nil, &s)
}

// Set changes the settings that are not nil.
func (c *Client) Set(ctx context.Context, s Settings) error {
	return c.call(ctx, quick, http.MethodPatch, "/v1/settings", s, nil)
}

// Health asks how the agent is.
func (c *Client) Health(ctx context.Context) (h Health, err error) {
	return h, c.call(ctx, quick, http.MethodGet, "/v1/health", nil, &h)
}

// Doctor asks for a report on what the agent stands on.
func (c *Client) Doctor(ctx context.Context) ([]Check, error) {
	var a struct {
		Checks []Check `json:"checks"`
	}
	return a.Checks, c.call(ctx, slow, http.MethodGet, "/v1/doctor", nil, &a)
}

// Log calls each with the last n reads of a token, oldest first, and then with
// each new one until ctx ends.
func (c *Client) Log(ctx context.Context, n int, each func(Read)) error {
	res, err := c.send(ctx, http.MethodGet, "/v1/log?follow=true&n="+strconv.Itoa(n), nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var r Read
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue
		}
		if r.Dropped > 0 {
			r.Time = r.At
		}
		if !r.Time.IsZero() {
			each(r)
		}
	}
	return ended(lines.Err())
}

// maxLine bounds a line of a stream: a connection with all its events.
const maxLine = 1 << 20

func ended(err error) error {
	if err == nil {
		return fmt.Errorf("%w: the stream ended", ErrNoAgent)
	}
	return unreachable(err)
}
