// Package audit keeps the record of who read which token when.
//
// Log takes records without waiting, and one goroutine writes them; the last
// lines, and each new one, are read from the files.
//
// The record is audit.jsonl in the state folder, a JSON object a line, 0600; at
// 1 MB it becomes audit.jsonl.1, and that audit.jsonl.2, which is the oldest.
// No line holds a token or another secret.
//
// # What it promises
//
// A reader of a token never waits for the disk. Nothing is lost when the agent
// ends as it should. When reads come faster than the disk takes them, or the
// disk takes none, the record says how many are missing, and when. A crash of
// the machine can tear the last line; a torn line is skipped.
//
// # What it is not
//
// It is a record, not a wall. It names the process that connected, as the
// kernel told: its pid, its user and its executable. That tells a user what
// their machine does. It does not convict: a program of the same user can have
// another program ask for it, put its code into one (ptrace, LD_PRELOAD), or
// write to these files.
package audit
