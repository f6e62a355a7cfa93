package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/authtray/authtray/tokens"
)

// maxBody is how large a request's body may be, in bytes. (The body of an api
// request is the provider's affair and not bound by it.)
const maxBody = 64 << 10

// maxTimeout is the longest that a caller may ask to wait.
const maxTimeout = 10 * time.Minute

// bufferBody reads the whole body and puts it back, so that no handler waits for a
// client that sends half a request. Errors are bad_request.
func bufferBody(w http.ResponseWriter, r *http.Request) error {
	if r.Body == nil || r.ContentLength == 0 {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return badRequest("The request's body did not arrive whole.")
	case len(body) > maxBody:
		return badRequest("The request's body is larger than 64 KB.")
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// setBodyDeadline gives the body bodyTimeout to arrive, also where nobody wants it: the
// server reads what is left of it before it answers.
func setBodyDeadline(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // a test's recorder has none
	}
}

// decode reads a JSON object strictly into v: a field that is not known, or
// anything after the object, is a bad_request with one sentence. optional
// takes an empty body for an empty object.
func decode(r *http.Request, v any, optional bool) error {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body) // slurped
	}
	if len(bytes.TrimSpace(body)) == 0 {
		if optional {
			return nil
		}
		return badRequest("The request needs a JSON object as its body.")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return badRequest(jsonFault(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return badRequest("The request's body holds more than one JSON object.")
	}
	return nil
}

// jsonFault explains a JSON error without repeating values: a body may hold a
// secret.
func jsonFault(err error) string {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("The request's body is not JSON: it goes wrong at byte %d.", syntax.Offset)
	case errors.As(err, &wrong) && wrong.Field == "":
		return "The request's body must be a JSON object."
	case errors.As(err, &wrong):
		return fmt.Sprintf("The field %q holds the wrong kind of value (%s).", wrong.Field, kind(wrong.Value))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "The request's body is not JSON: it ends too early."
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Sprintf("The request has a field %s that is not known.", clip(field))
	}
	return "The request's body is not the JSON that is wanted here."
}

// kind drops what follows a kind: "number 12" is a value.
func kind(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// want reads min_valid, scope and resource.
func want(q url.Values) (tokens.Want, error) {
	w := tokens.Want{Resource: q.Get("resource")}
	if s := q.Get("scope"); s != "" {
		w.Scopes = strings.Fields(s)
	}
	if !q.Has("min_valid") {
		return w, nil
	}
	d, err := duration("min_valid", q.Get("min_valid"))
	if err != nil {
		return w, err
	}
	w.MinValid = max(d, time.Nanosecond) // 0 stands for the default, and 0s was said
	return w, nil
}

// timeout reads how long the caller can wait.
func timeout(q url.Values) (time.Duration, error) {
	if !q.Has("timeout") {
		return tokens.DefaultTimeout, nil
	}
	d, err := duration("timeout", q.Get("timeout"))
	if err != nil {
		return 0, err
	}
	return min(d, maxTimeout), nil
}

func duration(name, s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > math.MaxInt64/2 {
		return 0, badRequest(fmt.Sprintf("%s is a duration with its unit, such as 60s or 2m.", name))
	}
	return d, nil
}
