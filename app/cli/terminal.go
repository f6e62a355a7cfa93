package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// choice is a line that can be chosen.
type choice struct {
	id, name string
	url      string // what was typed, where that is a URL of the user's own
}

// maxChoices is how many are shown at once.
const maxChoices = 8

// picker is a list that is searched as one types. It is drawn below its question.
type picker struct {
	question string
	all      []choice
	typed    string
	at       int // of the matches
}

// matches are the choices that fit what was typed, the likeliest first. A URL fits
// the entries for any server.
func (p *picker) matches() []choice {
	word := strings.ToLower(strings.TrimSpace(p.typed))
	if strings.Contains(word, "://") || strings.Contains(word, "/") {
		return p.servers()
	}
	ranks := []func(c choice) bool{
		func(c choice) bool { return c.id == word || strings.EqualFold(c.name, word) },
		func(c choice) bool {
			return strings.HasPrefix(c.id, word) || strings.HasPrefix(strings.ToLower(c.name), word)
		},
		func(c choice) bool {
			return strings.Contains(c.id, word) || strings.Contains(strings.ToLower(c.name), word)
		},
	}
	var found []choice
	for _, fits := range ranks {
		for _, c := range p.all {
			if fits(c) && !slices.Contains(found, c) {
				found = append(found, c)
			}
		}
	}
	if len(found) == 0 {
		found = p.servers()
	}
	return found[:min(len(found), maxChoices)]
}

// servers are the choices for a server of the user's own.
func (p *picker) servers() []choice {
	url := ""
	if strings.ContainsAny(p.typed, "/.:") {
		url = pastedURL(p.typed)
	}
	found := []choice{{"oidc", "any OpenID Connect server " + url, url}, {"mcp", "an MCP server " + url, url}}
	if strings.Contains(strings.ToLower(p.typed), "mcp") {
		slices.Reverse(found)
	}
	return found
}

// key acts on a key and reports whether a choice was made.
func (p *picker) key(k rune) (chosen bool) {
	switch k {
	case keyEnter:
		return len(p.matches()) > 0
	case keyUp:
		p.at = max(p.at-1, 0)
	case keyDown:
		p.at = min(p.at+1, max(len(p.matches())-1, 0))
	case keyBack:
		_, size := utf8.DecodeLastRuneInString(p.typed)
		p.typed, p.at = p.typed[:len(p.typed)-size], 0
	default:
		if k >= ' ' && k != utf8.RuneError && len(p.typed) < 200 {
			p.typed, p.at = p.typed+string(k), 0
		}
	}
	return false
}

// draw writes question and list over what stood there, and leaves the cursor behind
// what was typed.
func (p *picker) draw(w io.Writer, width int) {
	line := p.question + oneLine(p.typed)
	fmt.Fprintf(w, "\r\x1b[J%s", line)
	rows := p.matches()
	for i, c := range rows {
		mark := "  "
		if i == p.at {
			mark = "> "
		}
		row := []rune(fmt.Sprintf("%s%-14s %s", mark, c.id, oneLine(c.name)))
		fmt.Fprintf(w, "\r\n%s", string(row[:min(len(row), max(width-1, 20))]))
	}
	fmt.Fprintf(w, "\x1b[%dA\r\x1b[%dC", len(rows), utf8.RuneCountInString(line))
}

// What readKey returns for keys that are no characters.
const (
	keyEnter rune = -1 - iota
	keyUp
	keyDown
	keyBack
	keyOther
)

// readKey reads one key from a terminal in raw mode.
func readKey(in io.Reader) (rune, error) {
	var one [1]byte
	next := func() (byte, error) { _, err := io.ReadFull(in, one[:]); return one[0], err }
	b, err := next()
	if err != nil {
		return 0, err
	}
	switch {
	case b == 0x03 || b == 0x04: // Ctrl-C, Ctrl-D
		return 0, context.Canceled
	case b == '\r' || b == '\n':
		return keyEnter, nil
	case b == 0x7f || b == 0x08:
		return keyBack, nil
	case b == 0x1b:
		if b, err = next(); err != nil || b != '[' {
			return keyOther, err
		}
		b, err = next()
		return map[byte]rune{'A': keyUp, 'B': keyDown}[b], err
	case b < utf8.RuneSelf:
		return rune(b), nil
	}
	whole := []byte{b}
	for !utf8.FullRune(whole) && err == nil {
		b, err = next()
		whole = append(whole, b)
	}
	r, _ := utf8.DecodeRune(whole)
	return r, err
}

// pick has a person choose at the terminal.
func (s *shell) pick(p *picker) (choice, error) {
	file := s.in.(*os.File) // isTerminal
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return choice{}, fmt.Errorf("this terminal cannot be asked: %w; name the provider: authtray add NAME --provider ID", err)
	}
	defer term.Restore(int(file.Fd()), before)
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	for {
		p.draw(s.err, width)
		k, err := readKey(file)
		if err != nil {
			fmt.Fprint(s.err, "\r\x1b[J\r\n")
			return choice{}, context.Canceled
		}
		if p.key(k) {
			chosen := p.matches()[p.at]
			fmt.Fprintf(s.err, "\r\x1b[J%s%s\r\n", p.question, chosen.id)
			return chosen, nil
		}
	}
}

// typedLine reads a line, and not a byte more.
func (s *shell) typedLine() (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) < maxSecret; {
		if _, err := io.ReadFull(s.in, one); err != nil {
			return "", context.Canceled // Ctrl-D
		}
		if one[0] == '\n' {
			break
		}
		line = append(line, one[0])
	}
	return strings.TrimSpace(string(line)), nil
}

// hidden asks for what is not to be seen. The terminal stops showing what is typed
// before it shows the question: a fast person, or a paste, may answer at once. A
// terminal that was left in the middle shows again what is typed.
func (s *shell) hidden(ctx context.Context, question string) (string, error) {
	file := s.in.(*os.File) // isTerminal
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return "", fmt.Errorf("this terminal cannot be asked: %w", err)
	}
	defer term.Restore(int(file.Fd()), before)
	return within(ctx, func() (string, error) {
		typed, err := term.NewTerminal(lineTerminal{byteByByte{file}, s.err}, "").ReadPassword(question)
		if errors.Is(err, io.EOF) { // Ctrl-C and Ctrl-D, which are no signals here
			err = context.Canceled
			fmt.Fprint(s.err, "\r\n")
		}
		return typed, err
	})
}

// lineTerminal is a terminal of which one line is read, and not a byte more.
type lineTerminal struct {
	io.Reader
	io.Writer
}

type byteByByte struct{ io.Reader }

func (r byteByByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), 1)]) }

// within is what read returns, unless ctx ends first: a person may press Ctrl-C in
// the middle of an answer.
func within(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	came := make(chan answer, 1)
	go func() {
		text, err := read()
		came <- answer{text, err}
	}()
	select {
	case a := <-came:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
