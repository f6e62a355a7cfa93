package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// answer sends v as JSON. A client that does not read it is given up after
// writeTimeout.
func answer(w http.ResponseWriter, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	send(w, http.StatusOK, "application/json", body)
	return nil
}

// encode writes one line of JSON. URLs stay as they are: people copy them.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return text.EscapeJSON(b.Bytes()), err
}

// done answers that there is nothing to say.
func done(w http.ResponseWriter) error {
	setWriteDeadline(w)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// fail sends a problem.
func (s *Server) fail(w http.ResponseWriter, err error) {
	p := problem(err, s.base.Err() != nil)
	if s.allowed != nil { // for another machine
		p.Account, p.Said = "", ""
	}
	body, _ := encode(p)
	send(w, p.Status, "application/problem+json", body)
}

func send(w http.ResponseWriter, status int, kind string, body []byte) {
	setWriteDeadline(w)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // never in chunks, which the simplest clients cannot read
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone, or it was too slow: nobody to tell
}

func setWriteDeadline(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
}

// sendToken sends a token as JSON, or alone on a line where the client wants
// text. That the token lasts less long than was wanted is said in the head too,
// since a bare token cannot say it.
func sendToken(c call, t tokens.Token) error {
	if t.MinValidMet != nil {
		c.w.Header().Set("Authtray-Min-Valid-Met", strconv.FormatBool(*t.MinValidMet))
	}
	if !wantsText(c.r.Header.Get("Accept")) {
		return answer(c.w, t)
	}
	sendText(c, t.AccessToken+"\n")
	return nil
}

// wantsText tells a client that names text/plain, and JSON no earlier.
func wantsText(accept string) bool {
	for kind := range strings.SplitSeq(accept, ",") {
		kind, _, _ = strings.Cut(kind, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "text/plain":
			return true
		case "application/json", "application/*":
			return false
		}
	}
	return false
}

func notAllowed(detail string) error {
	return &tokens.Error{Code: tokens.CodeNotAllowed, Detail: detail}
}
