// Package commands tries the commands as they are typed: each script in testdata/
// runs the real program in a home of its own, beside a practice provider and a
// browser whose person answers at once. It has no code of its own.
//
// To try another command, add a script there, in testscript's language;
// scripts_linux_test.go says which verbs are ours.
package commands
