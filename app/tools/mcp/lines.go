package mcp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// maxMessage is how long a message may be, in bytes, whichever way it goes.
const maxMessage = 16 << 20

// badLine is a line that holds no message; reading goes on after it.
type badLine string

func (b badLine) Error() string { return string(b) }

const (
	notJSON = badLine("the line is no JSON")
	tooLong = badLine("the message is longer than 16 MB")
)

// lineReader reads messages, one a line, as the stdio transport has them.
type lineReader struct {
	from  *bufio.Reader
	queue []json.RawMessage // the rest of a batch
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{from: bufio.NewReader(r)} }

// next returns the next message. The error is a badLine, or why nothing more will
// come. A last line without its end is half a message, and is dropped.
func (l *lineReader) next() (jsonrpc.Message, error) {
	for len(l.queue) == 0 {
		line, err := l.line()
		if err != nil {
			return nil, err
		}
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0:
		case line[0] != '[':
			l.queue = []json.RawMessage{line}
		case json.Unmarshal(line, &l.queue) != nil:
			return nil, notJSON
		}
	}
	first := l.queue[0]
	l.queue = l.queue[1:]
	if !json.Valid(first) {
		return nil, notJSON
	}
	msg, err := decodeMessage(first)
	if err != nil {
		return nil, badLine(err.Error())
	}
	return msg, nil
}

// decodeMessage is jsonrpc.DecodeMessage without the 32 kB that it takes, and leaves to
// the garbage collector, for each value that it reads. Names of members are as they
// stand: other cases are other members.
func decodeMessage(data []byte) (jsonrpc.Message, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, errors.New("the message is no JSON object")
	}
	var version, method string
	var id any
	if json.Unmarshal(m["jsonrpc"], &version) != nil || version != "2.0" {
		return nil, errors.New(`the message has no "jsonrpc": "2.0"`)
	}
	if m["id"] != nil && json.Unmarshal(m["id"], &id) != nil {
		return nil, errors.New("the id cannot be read")
	}
	name, err := jsonrpc.MakeID(id)
	if err != nil {
		return nil, errors.New("the id is neither a string nor a number")
	}
	if m["method"] != nil {
		if json.Unmarshal(m["method"], &method) != nil {
			return nil, errors.New("the method is no string")
		}
		return &jsonrpc.Request{ID: name, Method: method, Params: m["params"]}, nil
	}
	if !name.IsValid() {
		return nil, errors.New("the message is neither a request nor an answer")
	}
	r := &jsonrpc.Response{ID: name, Result: m["result"]}
	if said := m["error"]; said != nil && string(said) != "null" {
		wire := &jsonrpc.Error{}
		if json.Unmarshal(said, wire) != nil {
			return nil, errors.New("the error cannot be read")
		}
		r.Error = wire
	}
	return r, nil
}

// line reads to the end of the line. What is too long is read and dropped.
func (l *lineReader) line() ([]byte, error) {
	var whole []byte
	drop := false
	for {
		part, err := l.from.ReadSlice('\n')
		if len(whole)+len(part) > maxMessage {
			drop, whole = true, nil
		}
		if !drop {
			whole = append(whole, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return nil, err
		case drop:
			return nil, tooLong
		default:
			return whole, nil
		}
	}
}

// lineWriter writes messages, one a line. Safe for concurrent use.
type lineWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (l *lineWriter) write(msg jsonrpc.Message) error {
	line, err := jsonrpc.EncodeMessage(msg)
	if err != nil {
		return err
	}
	return l.writeLine(line)
}

func (l *lineWriter) writeLine(line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.to.Write(append(line, '\n'))
	return err
}
