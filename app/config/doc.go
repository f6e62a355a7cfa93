// Package config is what the user wrote down, and where: the folders, the
// settings, the connection files and the user's own provider entries.
//
// The state folder's memories of each connection (whose account it is, the client
// that was registered for it, what was given up while the keychain was locked) are here too.
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
