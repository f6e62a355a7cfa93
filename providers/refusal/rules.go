package refusal

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// rule is one line of ErrorRules, or of what an entry calls a dead token:
//
//	400 invalid_request                       status and error code
//	* bad_refresh_token                       any status
//	4xx                                       a class of statuses, any body
//	400 error.code=190                        a member, by its path
//	200 ok=false error=token_revoked          several members, all of them
//	400 message=Invalid refresh token         a value may hold spaces
//	400 error_description=Token was *         … and end in * for "starts with"
//
// Values and codes are compared without regard to case. "*" and "4xx" leave out
// the answers that say "not now" (PassingStatus): a gateway or a limiter may have
// given them, and a rule that means one of those must name it, or say "5xx".
type rule struct {
	status string // "400", "4xx", "*"
	code   string // "" where members decide
	where  []condition
}

type condition struct{ path, value string }

var ruleStatus = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([1-5][0-9][0-9]|[1-5]xx|\*)$`) })
var ruleMember = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.-]+=`) })

// CheckRule says what is wrong with a rule.
func CheckRule(s string) error {
	_, err := parseRule(s)
	return err
}

func parseRule(s string) (rule, error) {
	words := strings.Fields(s)
	if len(words) == 0 || !ruleStatus().MatchString(words[0]) {
		return rule{}, fmt.Errorf("rule %q must begin with a status: 400, 4xx or *", s)
	}
	r := rule{status: words[0]}
	for _, w := range words[1:] {
		r.add(w)
	}
	if r.status == "*" && r.code == "" && r.where == nil {
		return rule{}, fmt.Errorf("rule %q would match every answer: name a code or a member", s)
	}
	return r, nil
}

// add takes the next word: the start of a condition, the rest of the value of
// the one before, or the code.
func (r *rule) add(word string) {
	switch last := len(r.where) - 1; {
	case ruleMember().MatchString(word):
		path, value, _ := strings.Cut(word, "=")
		r.where = append(r.where, condition{path, value})
	case last >= 0:
		r.where[last].value += " " + word
	default:
		r.code = strings.TrimSpace(r.code + " " + word)
	}
}

// matches applies the rule to an answer.
func (r rule) matches(a answer) bool {
	isCode := func(code string) bool { return valueMatches(code, r.code) }
	differs := func(c condition) bool { return !valueMatches(memberText(Lookup(a.members, c.path)), c.value) }
	return r.matchesStatus(a.status) && (r.code == "" || slices.ContainsFunc(a.codes, isCode)) && !slices.ContainsFunc(r.where, differs)
}

func (r rule) matchesStatus(status int) bool {
	s := strconv.Itoa(status)
	class := s[:1] + "xx"
	named := r.status == s || r.status == "5xx" && class == "5xx"
	return named || (r.status == "*" || r.status == class) && !PassingStatus(status)
}

// valueMatches compares a member's text with a rule's value; "*" at its end
// takes any rest, but never a member that is not there.
func valueMatches(got, want string) bool {
	if prefix, ok := strings.CutSuffix(want, "*"); ok {
		return got != "" && len(got) >= len(prefix) && strings.EqualFold(got[:len(prefix)], prefix)
	}
	return got != "" && strings.EqualFold(got, want)
}

// memberText is text, and "{}" for an object or a list, so that a rule can ask
// whether it is there.
func memberText(v any) string {
	switch v.(type) {
	case map[string]any, []any:
		return "{}"
	}
	return Text(v)
}

// RulesNeedBody reports whether one of the rules looks into the body of an answer
// of that status.
func RulesNeedBody(rules []string, status int) bool {
	return slices.ContainsFunc(rules, func(s string) bool {
		r, err := parseRule(s)
		return err == nil && r.matchesStatus(status) && (r.code != "" || r.where != nil)
	})
}

// ErrorRules are what a provider's entry knows of its refusals; they come before
// the standard's codes (Classify). A rule is "STATUS CODE", "* CODE" or "STATUS
// path=value…", for example "400 invalid_request", "* bad_refresh_token", "400
// error.code=190"; type rule has the whole of it. CODE is compared with the values
// at CodePaths and at error.
type ErrorRules struct {
	OKField   string        `toml:"ok_field,omitempty" json:"ok_field,omitempty"`     // a boolean member that is false on failure (Slack: ok)
	CodePaths []string      `toml:"code_paths,omitempty" json:"code_paths,omitempty"` // JSON paths of the error code, first hit wins, any JSON type ["error"]
	Refused   []RefusedRule `toml:"refused,omitempty" json:"refused,omitempty"`       // refused for now
	Reconnect []string      `toml:"reconnect,omitempty" json:"reconnect,omitempty"`   // dead
	Misconfig []string      `toml:"misconfig,omitempty" json:"misconfig,omitempty"`
	Transient []string      `toml:"transient,omitempty" json:"transient,omitempty"`
}

// RefusedRule is a refusal by a policy that passes: of the network, of conditional
// access, of a limit, for maintenance. What only a new sign-in fixes does not
// belong here. The grant is kept.
type RefusedRule struct {
	Rule    string `toml:"rule" json:"rule"`
	Refuses string `toml:"refuses" json:"refuses"` // what is refused, for people: "renewals from this network"
}

// codes are the values under CodePaths and under error, strings and numbers only.
func (r ErrorRules) codes(members any) (codes []string) {
	paths := r.CodePaths
	if !slices.Contains(paths, "error") {
		paths = append(slices.Clip(paths), "error")
	}
	for _, path := range paths {
		v := Lookup(members, path)
		if _, isFlag := v.(bool); !isFlag && Text(v) != "" {
			codes = append(codes, Text(v))
		}
	}
	return codes
}

// Failed reports whether an answer's ok_field calls it a failure.
func (r ErrorRules) Failed(members any) bool {
	return r.OKField != "" && TextAt(members, r.OKField) == "false"
}

// AnyRule reports whether one of the rules matches an answer.
func (r ErrorRules) AnyRule(rules []string, status int, body []byte) bool {
	return readAnswer(r, status, nil, body).matches(rules)
}
