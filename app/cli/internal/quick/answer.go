package quick

import "strconv"

// mostHead is how long the head of an answer may be: the agent's is far shorter.
const mostHead = 4000

// body is that of a whole, successful answer of the kind that was asked for, of which
// nothing is to be said; other answers are for the ordinary command.
func body(answer []byte, q question) ([]byte, bool) {
	const ok = "HTTP/1.1 200 "
	if len(answer) < len(ok) || string(answer[:len(ok)]) != ok {
		return nil, false
	}
	end := index(answer, "\r\n\r\n")
	if end < 0 || end > mostHead {
		return nil, false
	}
	head, body := answer[:end+2], answer[end+4:]
	if index(head, "\r\nContent-Type: "+q.accept) < 0 || !plainLines(head) || SaysShort(answer) {
		return nil, false
	}
	return body, (len(body) > 0 || q.mayBeEmpty) && contentLength(head) == len(body)
}

// SaysShort reports whether an answer's head says that its token lasts less long
// than was asked for.
func SaysShort(answer []byte) bool {
	end := index(answer, "\r\n\r\n")
	return end >= 0 && index(answer[:end+2], "\r\nAuthtray-Min-Valid-Met: false\r\n") >= 0
}

// contentLength is -1 where there is none, as in a chunked answer, and where
// the head names the length of the body in two ways.
func contentLength(head []byte) int {
	const field = "\r\nContent-Length: "
	at := index(head, field)
	if at < 0 || names(head, "content-length") != 1 || names(head, "transfer-encoding") != 0 {
		return -1
	}
	value := head[at+len(field):]
	n, err := strconv.ParseUint(string(value[:index(value, "\r\n")]), 10, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

// names counts the lines of a head that begin with a field's name, which is in
// lower case here and in any case there.
func names(head []byte, field string) (count int) {
	for i := 0; i+1+len(field) < len(head); i++ {
		if head[i] == '\n' && equalFold(head[i+1:i+1+len(field)], field) {
			count++
		}
	}
	return count
}

func equalFold(b []byte, lower string) bool {
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// plainLines reports whether every line of a head ends in CR and LF and holds
// printable ASCII only, and every one but the first names a field. Others are for
// the ordinary client to judge: where a line ends in LF alone, the head might end
// there too.
func plainLines(head []byte) bool {
	for first := true; len(head) > 0; first = false {
		end := index(head, "\r\n")
		if end < 0 || !first && !hasName(head[:end]) {
			return false
		}
		for _, c := range head[:end] {
			if c < ' ' || c > '~' {
				return false
			}
		}
		head = head[end+2:]
	}
	return true
}

// hasName reports whether a line begins with a field's name and its colon.
func hasName(line []byte) bool {
	for i, c := range line {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-'
		if !letter {
			return c == ':' && i > 0
		}
	}
	return false
}

// index is bytes.Index, for short texts.
func index(b []byte, s string) int {
	for i := 0; i+len(s) <= len(b); i++ {
		if string(b[i:i+len(s)]) == s {
			return i
		}
	}
	return -1
}
