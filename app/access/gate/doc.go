// Package gate asks the user before a program reads a token, or changes the
// connection's settings, for the first time, for connections whose file says
// `ask = true`. Leave for one is leave for the other.
//
// # The rules
//
//	no caller (the user clicked in the tray), or the agent's own window   may read
//	remembered with Always, and the program file is the same              may read
//	allowed once: the same process, running the same program              may read
//	denied: the same process, or the same program within a minute         may not
//	anything else                                                         the user is asked
//
// The caller waits for the answer as long as its own deadline lets it. A
// question is withdrawn when nobody waits for its answer any more. Putting the
// notification away is a no. The tray's menu asks the same question meanwhile,
// also when the notification has gone by, and `authtray status` says that it
// waits. No command answers it: the program that asks could run that.
//
// A process is known by its pid, the time it started (field 22 of
// /proc/PID/stat) and the SHA-256 of the program that it runs, so that neither a
// pid that is used again nor another program started in its place inherits an
// answer. A program that is remembered is known by its path and the SHA-256 of
// its file: one that was replaced is asked about again.
//
// What connected to the socket must be what reads: a process that has started
// another program since is refused.
//
// authtray itself (`authtray token`, the git and docker helpers) asks for
// whoever started it, so the question is about the nearest program above it
// that is another one. Interpreters, shells and programs that fetch what they
// are told run anybody's code: for them there is only "Allow once", which lasts
// as long as that process, and the question names what started them: git asks by
// way of a shell.
//
// Where the desktop shows no buttons (no notification server, one without
// actions, macOS, Windows) nobody can be asked; the caller is refused, and the
// sentence says how to allow a program for good: authtray allow NAME PROGRAM.
//
// # What this stops, and what it does not
//
// It stops a program that takes tokens without the user knowing: a script in a
// dependency, a tool that looks round for credentials. It tells the user, and
// takes no for an answer.
//
// It does not stop a program that means to get round it. Processes of one user
// are not walled off from each other on a usual desktop. Such a program can put
// its code into one that is allowed (ptrace, LD_PRELOAD, a plug-in, its
// configuration), read that one's memory or files, start an allowed program
// that hands the token on, answer the notification or the menu itself over
// D-Bus, edit the connection's file or the answers in the state folder, run
// `authtray allow`, or read the keychain as the agent does. A parent process can
// have ended, or be chosen by who starts authtray. The pid is that of the process which
// connected; it may have passed the connection on. Who needs a wall runs what
// they do not trust as another user, in a container or a virtual machine, and
// hands no socket in.
package gate
