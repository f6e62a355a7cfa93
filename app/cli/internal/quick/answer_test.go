package quick

import "testing"

func TestOnlyWholePlainAnswersAreHandedOut(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Type: text/plain; charset=utf-8\r\n"
	for name, c := range map[string]struct{ answer, want string }{
		"whole":          {head + "Content-Length: 4\r\n\r\nabc\n", "abc\n"},
		"cut short":      {head + "Content-Length: 4\r\n\r\nabc", ""},
		"too long":       {head + "Content-Length: 2\r\n\r\nabc\n", ""},
		"chunked":        {head + "Transfer-Encoding: chunked\r\n\r\n4\r\nabc\n\r\n0\r\n\r\n", ""},
		"odd length":     {head + "Content-Length: x\r\n\r\nabc\n", ""},
		"empty":          {head + "Content-Length: 0\r\n\r\n", ""},
		"JSON":           {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", ""},
		"a problem":      {"HTTP/1.1 409 Conflict\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nab", ""},
		"a short one":    {head + "Authtray-Min-Valid-Met: false\r\nContent-Length: 4\r\n\r\nabc\n", ""},
		"head alone":     {head, ""},
		"nothing":        {"", ""},
		"no field":       {head + "x\r\nContent-Length: 4\r\n\r\nabc\n", ""},
		"no name":        {head + ": x\r\nContent-Length: 4\r\n\r\nabc\n", ""},
		"folded":         {head + " x: y\r\nContent-Length: 4\r\n\r\nabc\n", ""},
		"a control":      {head + "X: \x00\r\nContent-Length: 4\r\n\r\nabc\n", ""},
		"LF alone":       {head + "X: y\nContent-Length: 4\r\n\r\nabc\n", ""},
		"something else": {"-ERR unknown command\r\n\r\n", ""},
	} {
		got, ok := body([]byte(c.answer), question{accept: asText})
		if string(got) != c.want && ok || ok != (c.want != "") {
			t.Errorf("%s: %q, %v; want %q", name, got, ok, c.want)
		}
	}
}
