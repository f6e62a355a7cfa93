package catalog

import (
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"os"
)

// MaxRead is how much ReadRegular reads, in bytes.
const MaxRead = 1 << 20

// What ReadRegular refuses. Like what check refuses, they do not name the file.
var (
	ErrNotRegular = errors.New("is not a regular file")
	ErrTooLarge   = errors.New("is larger than 1 MB")
)

// ReadRegular reads a regular file of at most MaxRead bytes, and nothing else: a
// named pipe would keep its reader waiting, and a device may have no end. check
// is asked about the very file that was opened; nil: nothing is asked.
func ReadRegular(path string, check func(fs.FileInfo) error) ([]byte, error) {
	info, err := os.Stat(path) // first, since to open a device may set it going
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNotRegular
	}
	f, err := os.OpenFile(path, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // it was replaced meanwhile
		return nil, ErrNotRegular
	}
	if check != nil {
		if err := check(info); err != nil {
			return nil, err
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxRead+1))
	if err == nil && len(data) > MaxRead {
		return nil, ErrTooLarge
	}
	return bytes.Clone(data), err // for who keeps it: a reader's buffer is larger
}

// withoutPath is an error as it reads behind the file's name.
func withoutPath(err error) string {
	var e *fs.PathError
	if errors.As(err, &e) {
		return "cannot be read: " + e.Err.Error()
	}
	return err.Error()
}

// ReadCertificates reads what a connection's ca_file names: a regular file of at
// most 1 MB that nobody else can have written, with a certificate in PEM. The error
// is one sentence that says what to fix.
func ReadCertificates(path string) ([]byte, error) {
	pem, err := ReadRegular(path, checkOwner)
	fault := ""
	switch {
	case err != nil:
		fault = withoutPath(err)
	case !x509.NewCertPool().AppendCertsFromPEM(pem):
		fault = "holds no PEM certificate"
	default:
		return pem, nil
	}
	return nil, problem{"ca_file", path + " " + fault + "; name a PEM file with the certificates of your authority, or leave ca_file out"}
}
