package atomicfile

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAFileThatIsOpenForAMomentIsReplacedAndRemoved(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(path string) error
	}{
		{"replaced", func(path string) error { return Write(path, []byte("new"), Options{}) }},
		{"removed", Remove},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			reader, err := os.Open(path) // as os.Open does, most programs let nobody remove what they have open
			if err != nil {
				t.Fatal(err)
			}
			if os.Remove(path) == nil {
				t.Skip("here an open file can be removed")
			}
			done := make(chan error, 1)
			go func() { done <- row.do(path) }()
			time.AfterFunc(50*time.Millisecond, func() { reader.Close() })
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}
