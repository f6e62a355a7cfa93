package quick

import (
	"strconv"
	"syscall"

	"github.com/authtray/authtray/app/stack"
	"github.com/authtray/authtray/tokens/client/address"
)

// patience is how long an answer may take: the agent's own half minute for a
// refresh, and a little more for it to say that it took too long.
const patience = 35 // seconds

func init() {
	answer()
	stack.Grow() // for the ordinary command; here it would take longer than it saves
}

// answer ends the process where it can be answered already.
func answer() {
	args := arguments()
	if text, ok := told(args); ok && write([]byte(text)) {
		syscall.Exit(0)
	}
	q, ok := questionOf(args)
	if ok && q.stdin {
		if taken.stdin, ok = readTool(q.untilBlank); ok {
			q.body = string(taken.stdin)
		}
	}
	if !ok {
		return
	}
	taken.answer, taken.asked = ask(q)
	if body, ok := body(taken.answer, q); ok && write(body) {
		syscall.Exit(0)
	}
}

// readTool reads what a tool says, to its end. More than fits into scratch is for the
// ordinary command, which is given what was read.
func readTool(untilBlank bool) (said []byte, whole bool) {
	for len(said) < len(scratch) {
		n, err := syscall.Read(0, scratch[len(said):])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return said, false
		}
		said = append(said, scratch[len(said):len(said)+n]...)
		if n == 0 || untilBlank && endsBlank(said) {
			return said, true
		}
	}
	return said, false
}

// endsBlank: an empty line ends what git says.
func endsBlank(said []byte) bool {
	return len(said) >= 2 && string(said[len(said)-2:]) == "\n\n"
}

func arguments() []string {
	fd, err := syscall.Open("/proc/self/cmdline", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	n, err := syscall.Read(fd, scratch[:512])
	if err != nil || n == 512 {
		return nil
	}
	return split(scratch[:n])
}

// scratch is not on the stack, which would have to be grown and copied for it.
var scratch [8 << 10]byte

// ask sends the request to the agent, if there is one of this user's, and
// returns its answer.
func ask(q question) (answer []byte, asked bool) {
	fd, ok := dial()
	if !ok {
		return nil, false
	}
	defer syscall.Close(fd)
	request := q.method + " " + q.target + " HTTP/1.1\r\nHost: authtray\r\nAccept: " + q.accept + "\r\nConnection: close\r\n"
	if q.method == "POST" {
		request += "Content-Type: " + asText + "\r\nContent-Length: " + strconv.Itoa(len(q.body)) + "\r\n"
	}
	request += "\r\n" + q.body
	if n, err := syscall.Write(fd, []byte(request)); err != nil || n != len(request) {
		return nil, false
	}
	return read(fd), true
}

func dial() (fd int, ok bool) {
	path, err := address.Agent()
	if err != nil {
		return 0, false
	}
	fd, err = syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	wait := syscall.Timeval{Sec: patience}
	syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &wait)
	syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &wait)
	if syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}) != nil || !mine(fd) {
		syscall.Close(fd)
		return 0, false
	}
	return fd, true
}

// mine sees that the agent runs as this user.
func mine(fd int) bool {
	cred, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	return err == nil && int(cred.Uid) == syscall.Getuid()
}

// read reads until the agent closes. What broke off is dropped: half an answer
// is none. (To end with the last byte of the token instead is no faster.)
func read(fd int) []byte {
	const most = 1 << 20
	var answer []byte
	for len(answer) < most {
		n, err := syscall.Read(fd, scratch[:])
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return nil
		case n == 0:
			return answer
		default:
			answer = append(answer, scratch[:n]...)
		}
	}
	return nil
}

// write hands the answer out. Nothing written at all is for the ordinary command
// to explain; a token cut short is worth nothing.
func write(answer []byte) bool {
	for done := 0; done < len(answer); {
		n, err := syscall.Write(1, answer[done:])
		switch {
		case err == syscall.EINTR:
		case err != nil && done == 0:
			return false
		case err != nil:
			syscall.Exit(1)
		default:
			done += n
		}
	}
	return true
}
