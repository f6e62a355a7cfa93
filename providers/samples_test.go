package providers

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// sample is an answer that a provider has been seen to give, is documented to
// give, or, as its note says, might.
type sample struct {
	Provider string `json:"provider"`
	Status   int    `json:"status"`
	Body     string `json:"body"`
	Want     string `json:"want"` // "token", or class and code; in classes.jsonl the class
	Note     string `json:"note"` // where it is not one that was seen or documented
}

func readSamples(t *testing.T, name string) (list []sample) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var one sample
		if err := json.Unmarshal(s.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

// testdata/classes.jsonl holds answers in the forms that servers, gateways,
// firewalls and login pages are known for, from documents, source code and
// memory: not each was seen on the wire, and "x" stands for a text left out. A
// line without a provider is for one of whom nothing is known.
func TestClassesOfAnswersInTheirManyForms(t *testing.T) {
	catalogue, _ := catalog.LoadCatalogue("")
	for _, s := range readSamples(t, "testdata/classes.jsonl") {
		e, ok := catalogue.Entry(s.Provider)
		if !ok && s.Provider != "" {
			t.Errorf("no entry %s", s.Provider)
		}
		f := refusal.Named(refusal.Classify(e.Errors, s.Status, nil, []byte(s.Body), testNow), e.Name)
		if f.Class.String() != s.Want || f.Class == refusal.RefusedForNow && !strings.HasPrefix(f.Detail, e.Name+" refuses ") {
			t.Errorf("%s %d %s\n got %s (%s) %s\nwant %s", s.Provider, s.Status, s.Body, f.Class, f.Code, f.Detail, s.Want)
		}
	}
}

// An entry that extends another, and reads errors as that one does, has its answers.
func TestEveryEntryHasAnErrorAmongTheAnswers(t *testing.T) {
	has := map[string]bool{}
	for _, s := range readSamples(t, "testdata/answers.jsonl") {
		has[s.Provider] = has[s.Provider] || s.Want != "token"
	}
	catalogue, _ := catalog.LoadCatalogue("")
	for _, e := range catalogue.List() {
		base, _ := catalogue.Entry(e.Extends)
		if !has[e.ID] && !(has[e.Extends] && reflect.DeepEqual(e.Errors, base.Errors)) {
			t.Errorf("%s: testdata/answers.jsonl has no error of it", e.ID)
		}
	}
}

func TestAnswersThatProvidersGive(t *testing.T) {
	catalogue, _ := catalog.LoadCatalogue("")
	for _, s := range readSamples(t, "testdata/answers.jsonl") {
		e, ok := catalogue.Entry(s.Provider)
		if !ok {
			t.Errorf("no entry %s", s.Provider)
			continue
		}
		got := "token"
		if _, ok := readAnswer(e, s.Status, []byte(s.Body), testNow); !ok {
			f := refusal.Classify(e.Errors, s.Status, http.Header{}, []byte(s.Body), testNow)
			got = f.Class.String() + " " + f.Code
		}
		if got != s.Want {
			t.Errorf("%s %d %s\n got %s\nwant %s", s.Provider, s.Status, s.Body, got, s.Want)
		}
	}
}
