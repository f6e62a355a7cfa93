package proxy

import (
	"bytes"
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"strings"
)

// maxJudged is how much of an answer is looked at, in bytes, to tell whether it
// rejects the token. Answers that do are short.
const maxJudged = 64 << 10

// rejected says whether an answer rejects the token, by the entry's own rule. Of
// most answers the status is enough, and they stream. Where the rule asks for the
// body, the beginning of JSON is read and put back.
func rejected(api API, answer *http.Response) bool {
	if !api.RejectedNeedsBody(answer.StatusCode) || !couldTell(answer) {
		return api.Rejected(answer, nil)
	}
	head, err := io.ReadAll(io.LimitReader(answer.Body, maxJudged))
	rest := io.Reader(answer.Body)
	if err != nil {
		rest = broken{err}
	}
	answer.Body = joined{io.MultiReader(bytes.NewReader(head), rest), answer.Body}
	return api.Rejected(answer, plain(head, answer.Header.Get("Content-Encoding")))
}

// couldTell: files, pages and streams of events are no rejections.
func couldTell(answer *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	isJSON := kind == "application/json" || kind == "text/json" || kind == "text/plain" || strings.HasSuffix(kind, "+json")
	return isJSON && answer.ContentLength <= maxJudged
}

// plain undoes the one encoding that is asked for (see rewrite).
func plain(head []byte, encoding string) []byte {
	if !strings.EqualFold(encoding, "gzip") {
		return head
	}
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(z, maxJudged)) // what there is of it
	return text
}

// joined is a body of which the beginning has been read already.
type joined struct {
	io.Reader
	io.Closer
}

// broken is the rest of a body that broke off.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
