package client

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// marshal is the request as it goes over the wire (RFC 9112 §2, §3). The agent
// ignores Host, which HTTP/1.1 wants all the same.
func (r Request) marshal() []byte {
	accept := r.Accept
	if accept == "" {
		accept = "application/json"
	}
	b := make([]byte, 0, 256+len(r.Body))
	b = append(b, r.Method+" "+r.Target+" HTTP/1.1\r\nHost: authtray\r\nConnection: close\r\nAccept: "+accept+"\r\n"...)
	if r.Body != nil {
		b = append(b, "Content-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(r.Body))+"\r\n"...)
	}
	b = append(b, "\r\n"...)
	return append(b, r.Body...)
}

var errTooLong = errors.New("it is too long")

// readAnswer reads one answer (RFC 9112 §4-§7).
func readAnswer(from io.Reader) (Answer, error) {
	r := bufio.NewReader(io.LimitReader(from, MaxAnswer))
	var a Answer
	var err error
	if a.Status, err = readStatus(r); err != nil {
		return Answer{}, err
	}
	fields, err := readFields(r)
	if err != nil {
		return Answer{}, err
	}
	a.Type, _, _ = strings.Cut(fields["content-type"], ";")
	a.Body, err = readBody(r, a.Status, fields)
	return a, err
}

func readStatus(r *bufio.Reader) (int, error) {
	line, err := readLine(r)
	if err != nil {
		return 0, err
	}
	rest, ok := strings.CutPrefix(line, "HTTP/1.")
	if !ok || len(rest) < 5 || rest[1] != ' ' {
		return 0, fmt.Errorf("it does not speak HTTP/1.1")
	}
	return strconv.Atoi(rest[2:5])
}

// readFields returns the header fields by lower-case name; of a repeated one
// the last counts.
func readFields(r *bufio.Reader) (map[string]string, error) {
	fields := make(map[string]string, 8)
	for {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		if line == "" {
			return fields, nil
		}
		name, value, _ := strings.Cut(line, ":")
		fields[strings.ToLower(name)] = strings.TrimSpace(value)
	}
}

func readBody(r *bufio.Reader, status int, fields map[string]string) ([]byte, error) {
	if status == 204 || status == 304 {
		return nil, nil
	}
	if strings.EqualFold(fields["transfer-encoding"], "chunked") {
		return readChunks(r)
	}
	if length, ok := fields["content-length"]; ok {
		n, err := strconv.ParseUint(length, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("its length %q is no number", length)
		}
		return readExactly(r, n)
	}
	return io.ReadAll(r)
}

func readChunks(r *bufio.Reader) ([]byte, error) {
	var body []byte
	for {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseUint(strings.TrimSpace(size), 16, 31)
		if err != nil {
			return nil, fmt.Errorf("a chunk's size %q is no number", size)
		}
		if n == 0 {
			return body, nil
		}
		chunk, err := readExactly(r, n)
		if err != nil {
			return nil, err
		}
		body = append(body, chunk...)
		if _, err := readLine(r); err != nil {
			return nil, err
		}
	}
}

func readExactly(r io.Reader, n uint64) ([]byte, error) {
	if n > MaxAnswer {
		return nil, errTooLong
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, ended(err)
	}
	return b, nil
}

// readLine returns a line of at most the reader's buffer, without its end.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errTooLong
	}
	if err != nil {
		return "", ended(err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
}

// ended: an answer that stops early is never a good one.
func ended(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
