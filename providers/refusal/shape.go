package refusal

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// isShaped tells an OAuth server's refusal (RFC 6749 §5.2) from the JSON of a
// firewall, a gateway or a web framework, which may use any of the same names but
// has little more to say than HTTP does, and answers 403:
//
//	the entry's ok_field is false                                     yes
//	a word under error or errorCode, any status                       yes
//	a word under code, errors, errorType or a code path of the
//	  entry's, any status but 2xx                                     yes
//	HTTP's phrase in lower case (unauthorized), any status but 2xx,
//	  beside an error_description; or under a code path of the
//	  entry's other than error, beside a text                         yes
//	400, 401: HTTP's number or phrase under error, beside a text
//	  that speaks of tokens                                           yes
//	400, 401: a sentence, a number, true or an object under error,
//	  or a sentence or number under a code path of the entry's        yes
//	anything else                                                     no
//
// A word is a code. All of it counts only where it says more than HTTP's own
// number or phrase.
func (e oauthError) isShaped(rules ErrorRules, status int) bool {
	switch {
	case rules.Failed(e.members), e.hasWord("error", "errorcode"):
		return true
	case status < 300:
		return false
	case e.hasWord("code", "errors", "errortype"), slices.ContainsFunc(e.own, isTellingWord), e.phraseIsCode(rules):
		return true
	case status != http.StatusBadRequest && status != http.StatusUnauthorized:
		return false
	}
	return e.errorSaysMore() || slices.ContainsFunc(e.own, saysMore)
}

func (e oauthError) hasWord(names ...string) bool {
	return slices.ContainsFunc(valuesOf(e.members, names), isTellingWord)
}

func isTellingWord(s string) bool { return isWord(s) && saysMore(s) }

// saysMore: more than a flag, and than HTTP's number or phrase over again (403,
// Forbidden, "403 Forbidden").
func saysMore(s string) bool { return s != "" && !isFlag(s) && !repeatsHTTP(s) }

// isFlag: it says that there is an error, and not which.
func isFlag(s string) bool {
	return slices.Contains([]string{"true", "error", "fail", "failed", "failure"}, strings.ToLower(s))
}

func repeatsHTTP(s string) bool {
	phrase := strings.TrimLeft(s, "0123456789")
	number, _ := strconv.Atoi(s[:len(s)-len(phrase)])
	phrase = strings.TrimLeft(phrase, " :-")
	return phrase == "" && number >= 400 && number < 600 || isReasonPhrase(phrase)
}

// isReasonPhrase: HTTP's, as it is or as a framework's exception is called for it
// (ForbiddenException). Access Denied is one as well, but access_denied is OAuth's.
func isReasonPhrase(s string) bool {
	code := canonical(s)
	bare := strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(code, "_exception"), "_error"), "err_")
	return slices.Contains(reasonPhrases, code) || slices.Contains(reasonPhrases, bare) || bare == "access_denied" && s != bare
}

// reasonPhrases are HTTP's, and what gateways say instead of 401 and 403.
var reasonPhrases = func() (list []string) {
	list = []string{"not_authorized", "unauthenticated", "permission_denied", "authentication_required"}
	for status := 400; status < 600; status++ {
		if t := http.StatusText(status); t != "" {
			list = append(list, canonical(t))
		}
	}
	return list
}()

// phraseIsCode: some servers spell a code of their own like HTTP's phrase. In
// lower case, and with more to say beside it, it is not HTTP's.
func (e oauthError) phraseIsCode(rules ErrorRules) bool {
	isCode := func(path string) bool {
		s := TextAt(e.members, path)
		return s != "" && s == canonical(s) && isReasonPhrase(s)
	}
	if isCode("error") && saysMore(TextAt(e.members, "error_description")) {
		return true
	}
	return slices.ContainsFunc(e.texts, saysMore) && slices.ContainsFunc(rules.CodePaths, func(path string) bool {
		return path != "error" && isCode(path)
	})
}

// errorSaysMore is for an error that is no word.
func (e oauthError) errorSaysMore() bool {
	if !hasError(e.members) {
		return false
	}
	v := Lookup(e.members, "error")
	s := Text(v)
	if isContainer(v) {
		s = TextAt(v, "code")
	}
	switch {
	case s != "" && repeatsHTTP(s):
		return e.mentionsToken()
	case isFlag(s) || isContainer(v):
		return slices.ContainsFunc(e.codes, saysMore) || slices.ContainsFunc(e.texts, saysMore)
	}
	return true
}

func hasError(members any) bool {
	switch v := Lookup(members, "error").(type) {
	case nil:
		return false
	case string:
		return v != ""
	case bool:
		return v
	case json.Number:
		return v != "0"
	}
	return true
}

// Failed reports whether an answer's ok_field calls it a failure.
func (r ErrorRules) Failed(members any) bool {
	return r.OKField != "" && TextAt(members, r.OKField) == "false"
}

// mentionsToken: a text speaks of what OAuth deals in, not of a form's token or of
// one that a gateway misses.
func (e oauthError) mentionsToken() bool {
	texts := append(valuesOf(e.members, []string{"reason"}), e.texts...)
	return slices.ContainsFunc(texts, func(s string) bool {
		words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) })
		return containsAny(words, []string{"token", "tokens", "grant"}) && !containsAny(words, []string{"csrf", "xsrf", "forgery", "security", "missing"})
	})
}
