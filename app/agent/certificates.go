package agent

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/catalog"
)

// certificateTime is how long a ca_file may take to be read.
const certificateTime = 3 * time.Second

// certificates are what the ca_files of some connections hold, by path.
type certificates map[string]certificateFile

type certificateFile struct {
	pem []byte
	err error // one sentence
}

// readFile gives what was found, as providers.ReadCertificates does.
func (c certificates) readFile(path string) ([]byte, error) {
	file, ok := c[path]
	if !ok { // the configuration changed a moment ago; the watcher sees that too
		return nil, fmt.Errorf("ca_file: %s has not been read yet", path)
	}
	return file.pem, file.err
}

// digest changes when what was found does; "" for no ca_file.
func (c certificates) digest(path string) string {
	file, ok := c[path]
	switch {
	case !ok:
		return ""
	case file.err != nil:
		return file.err.Error()
	}
	return fmt.Sprintf("%x", sha256.Sum256(file.pem))
}

func (c certificates) missing(paths []string) (missing []string) {
	for _, path := range paths {
		if _, ok := c[path]; !ok && path != "" {
			missing = append(missing, path)
		}
	}
	return missing
}

// certificateFiles are the ca_files that connections name. Safe for concurrent
// use.
type certificateFiles struct {
	readFile func(path string) ([]byte, error)
	limit    time.Duration

	mu    sync.Mutex
	under map[string]*certificateRead // those that have not ended
}

type certificateRead struct {
	ended chan struct{}
	found certificateFile
}

func newCertificateFiles() *certificateFiles {
	return &certificateFiles{readFile: catalog.ReadCertificates, limit: certificateTime, under: map[string]*certificateRead{}}
}

// add reads files into found, all at once. One that is not read in time has an
// error: its folder may be on a machine that does not answer, and the system then
// waits without end.
func (c *certificateFiles) add(found certificates, paths []string) {
	ctx, cancel := context.WithTimeout(context.Background(), c.limit)
	defer cancel()
	reads := map[string]*certificateRead{}
	for _, path := range paths {
		reads[path] = c.begin(path)
	}
	for path, read := range reads {
		select {
		case <-read.ended:
			found[path] = read.found
		case <-ctx.Done():
			found[path] = certificateFile{err: fmt.Errorf(
				"ca_file: %s could not be read within %v; see whether its file system answers, or name a file on this machine", path, c.limit)}
		}
	}
}

// begin reads a file, unless a read of it waits already.
func (c *certificateFiles) begin(path string) *certificateRead {
	c.mu.Lock()
	defer c.mu.Unlock()
	if read := c.under[path]; read != nil {
		return read
	}
	read := &certificateRead{ended: make(chan struct{})}
	c.under[path] = read
	go func() {
		read.found.pem, read.found.err = c.readFile(path)
		c.mu.Lock()
		delete(c.under, path)
		c.mu.Unlock()
		close(read.ended)
	}()
	return read
}

// lock begins a reload or a change, and returns the certificates for it: those of
// the ca_files that named gives, which is called with the lock held. They are read
// while it is not held, since a change of another connection would wait for them.
func (c *configuration) lock(named func() []string) certificates {
	found := certificates{}
	for {
		c.reading.Lock()
		missing := found.missing(named())
		if len(missing) == 0 {
			return found
		}
		c.reading.Unlock()
		c.certificates.add(found, missing)
	}
}

// caFiles are the ca_files that connections name.
func caFiles(found map[string]config.File) (paths []string) {
	for _, file := range found {
		paths = append(paths, file.Connection.CAFile)
	}
	return paths
}
