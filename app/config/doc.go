// Package config is what the user wrote down, and where: the folders, the
// settings, the connection files and the user's own provider entries.
//
//	paths.go        the folders and the socket of a profile, by operating system
//	names.go        what a connection and a profile may be called
//	file.go         reading with distrust, writing atomically
//	trust_*.go      who else may write a file
//	connections.go  connections/NAME.toml: read all, write one, remove one
//	settings.go     settings.toml
//	apisecret.go    what tools bring where api/ is served over TCP
//	watch.go        tells when something in the folders may have changed
//	verdicts.go     the memory of dead grants, in the state folder
//
// # What is promised
//
// One connection is one file: adding or changing it never rewrites another. A
// write is a temporary file, synced and renamed into place, so that a reader
// and a crash see the old content or the new one, whole. Files are 0600 and
// folders 0700 when made here.
//
// A file or folder that other users may write is refused, as is a secret or a
// credential header in a file: such an answer names the file, and what to do.
// A broken file costs its own connection only.
package config
