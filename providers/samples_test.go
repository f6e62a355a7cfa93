package providers

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"testing"
)

// sample is an answer that a provider has been seen to give.
type sample struct {
	Provider string `json:"provider"`
	Status   int    `json:"status"`
	Body     string `json:"body"`
	Want     string `json:"want"` // "token", or class and code
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

func TestAnswersThatProvidersGive(t *testing.T) {
	catalogue, _ := LoadCatalogue("")
	for _, s := range readSamples(t, "testdata/answers.jsonl") {
		e, ok := catalogue.Entry(s.Provider)
		if !ok {
			t.Errorf("no entry %s", s.Provider)
			continue
		}
		got := "token"
		if _, ok := readAnswer(e, s.Status, []byte(s.Body), testNow); !ok {
			f := Classify(e.Errors, s.Status, http.Header{}, []byte(s.Body), testNow)
			got = f.Class.String() + " " + f.Code
		}
		if got != s.Want {
			t.Errorf("%s %d %s\n got %s\nwant %s", s.Provider, s.Status, s.Body, got, s.Want)
		}
	}
}
