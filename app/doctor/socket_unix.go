//go:build !windows

package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

func socketCheck(_ context.Context, p Input) Check {
	const id = "socket"
	dir := filepath.Dir(p.Paths.Socket)
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fine(id, "The agent will make %s.", p.Paths.Socket)
	case err != nil:
		return failed(id, "ls -ld "+quote(dir), "The folder of the socket cannot be looked at: %v.", err)
	case !info.IsDir():
		return failed(id, "rm "+quote(dir), "%s is not a folder, so the socket cannot be made there.", dir)
	case !mine(info):
		return failed(id, "sudo chown -R \"$USER\" "+quote(dir), "%s belongs to another user.", dir)
	case info.Mode().Perm()&0o077 != 0:
		return failed(id, "chmod 700 "+quote(dir), "%s is open to other users.", dir)
	}
	return socketFile(p)
}

func socketFile(p Input) Check {
	const id = "socket"
	path := p.Paths.Socket
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && p.Running:
		return failed(id, "authtray run --replace", "%s is gone, so tools do not find the agent.", path)
	case errors.Is(err, fs.ErrNotExist):
		return fine(id, "The agent will make %s.", path)
	case err != nil:
		return failed(id, "ls -l "+quote(path), "The socket cannot be looked at: %v.", err)
	case info.Mode().Type() != fs.ModeSocket:
		return failed(id, "mv "+quote(path)+" "+quote(path+".old"), "%s is not a socket.", path)
	case info.Mode().Perm()&0o077 != 0 || !mine(info):
		return failed(id, "chmod 600 "+quote(path), "%s is open to other users.", path)
	}
	return fine(id, "%s is closed to other users.", path)
}

func mine(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Getuid()
}
