package gate

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/authtray/authtray/app/config"
)

// Allowed is a program that may read a connection's token for good.
type Allowed struct {
	Exe  string    `json:"exe"`
	Sum  string    `json:"sha256"`
	Time time.Time `json:"time"`
}

// Memory keeps which programs were allowed for good, one file per connection.
type Memory struct{ records config.Records[[]Allowed] }

// NewMemory is the memory of a state folder.
func NewMemory(state string) Memory {
	return Memory{config.NewRecords[[]Allowed](state, "allowed")}
}

// Load lists the programs that may read a connection's token. A file that cannot
// be read, or that others can have written, allows none.
func (m Memory) Load(connection string) ([]Allowed, error) {
	all, _, err := m.records.Load(connection)
	return all, err
}

// Add allows a program, in place of what was at its path.
func (m Memory) Add(connection string, a Allowed) error {
	all, err := m.Load(connection)
	if err != nil {
		return err
	}
	return m.records.Save(connection, append(without(all, a.Exe), a))
}

// Remove says whether the program had been allowed.
func (m Memory) Remove(connection, exe string) (was bool, err error) {
	all, err := m.Load(connection)
	if err != nil {
		return false, err
	}
	rest := without(all, exe)
	if len(rest) == len(all) {
		return false, nil
	}
	return true, m.records.Save(connection, rest)
}

// Forget forgets all that was said of a connection.
func (m Memory) Forget(connection string) error { return m.records.Remove(connection) }

func without(all []Allowed, exe string) []Allowed {
	return slices.DeleteFunc(slices.Clone(all), func(a Allowed) bool { return a.Exe == exe })
}

// Find is the program that a person named: a path, or a name in PATH. The error
// says why it cannot be allowed for good.
func Find(name string) (Allowed, error) {
	path, err := Path(name)
	if err != nil {
		return Allowed{}, fmt.Errorf("there is no program %q: give its path", name)
	}
	if own(path) {
		return Allowed{}, fmt.Errorf("authtray reads tokens for whoever starts it, so it cannot be allowed for good: name the program that starts it")
	}
	if reason := doesWhatItIsTold(path); reason != "" {
		return Allowed{}, fmt.Errorf("%s cannot be allowed for good (%s); answer “Allow once” when it asks", path, reason)
	}
	if isScript(path) {
		return Allowed{}, fmt.Errorf("%s is a script, which its interpreter runs, so it cannot be allowed for good; answer “Allow once” when it asks", path)
	}
	sum, err := (&sums{}).of(path)
	if err != nil {
		return Allowed{}, fmt.Errorf("the program cannot be read: %w", err)
	}
	return Allowed{Exe: path, Sum: sum, Time: time.Now().UTC().Truncate(time.Second)}, nil
}

// isScript reports whether a file names an interpreter, which is what the system
// says of a process that runs it.
func isScript(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	mark := make([]byte, 2)
	_, err = io.ReadFull(f, mark)
	return err == nil && string(mark) == "#!"
}

// Path is where a program's file is, as the system will say of a process that
// runs it.
func Path(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}
