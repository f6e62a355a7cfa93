package audit

import "time"

// Record is one read of a token, or a gap where some could not be kept.
type Record struct {
	Time       time.Time `json:"time,omitzero"`
	Connection string    `json:"connection,omitempty"`
	PID        int       `json:"pid,omitempty"` // 0: not known
	UID        int       `json:"uid"`           // -1 on Windows
	Exe        string    `json:"exe"`           // "": the system would not say
	What       string    `json:"what,omitempty"`
	Code       string    `json:"code,omitempty"` // why no token was given; "" where one was

	// Where authtray itself asked, which it does for whoever started it, the
	// nearest program above it that is another one.
	ParentPID int    `json:"parent_pid,omitempty"`
	ParentExe string `json:"parent_exe,omitempty"`

	// A gap: this many records are missing before At. Time is then zero.
	Dropped int       `json:"dropped,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// What can be asked.
const (
	Token    = "token"
	Rejected = "rejected" // a token was said to be refused, and the one to use now given
	API      = "api"      // a request was sent with the token, which the caller did not see
)

// IsGap tells a gap from a read.
func (r Record) IsGap() bool { return r.Time.IsZero() }
