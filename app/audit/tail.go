package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
)

// Tail is the last n records of a state folder, oldest first, as they are in its
// files. A line that is torn or no record is skipped; a folder without a record
// has none. It works beside a running agent.
func Tail(dir string, n int) ([]Record, error) {
	path := Path(dir)
	var newest []Record // newest first
	for i := 0; i <= Kept && len(newest) < n; i++ {
		from := path
		if i > 0 {
			from = older(path, i)
		}
		data, err := os.ReadFile(from)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		newest = gatherLast(newest, data, n)
	}
	slices.Reverse(newest)
	return newest, nil
}

// gatherLast adds the records of data from its end, until there are n.
func gatherLast(newest []Record, data []byte, n int) []Record {
	for len(data) > 0 && len(newest) < n {
		data = bytes.TrimSuffix(data, []byte("\n"))
		start := bytes.LastIndexByte(data, '\n') + 1
		if r, ok := parse(data[start:]); ok {
			newest = append(newest, r)
		}
		data = data[:start]
	}
	return newest
}

func parse(line []byte) (Record, bool) {
	var r Record
	if json.Unmarshal(line, &r) != nil {
		return Record{}, false
	}
	return r, !r.Time.IsZero() || r.Dropped > 0
}
