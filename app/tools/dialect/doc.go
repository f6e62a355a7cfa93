// Package dialect is how local tools ask for a credential and want it answered:
// one file per dialect, each a few pure functions, so that a tool's rules can be
// read and tested in one place. Nothing here speaks to the agent, to a network or
// to a terminal; the commands in package cli do.
//
// They are git's credential helpers (gitcredentials(7), git-credential(1)), Docker's,
// client.authentication.k8s.io (kubectl and client-go), GOAUTH (go help goauth), AWS's
// credential_process by AssumeRoleWithWebIdentity, SASL's XOAUTH2 and OAUTHBEARER
// (RFC 7628), and .netrc as curl, pip and others read it.
//
// # Promises
//
// What a tool reads line by line never gets a line more than was meant: a user
// name or token with a control character in it is refused (ErrUnfit), whatever a
// provider sent. What is read from a tool is read up to a limit, and what is not
// understood in it is ignored, so that a newer tool keeps working.
//
// # Adding a dialect
//
// A file here with its table test, a command beside app/cli/helper_git.go, its
// setup in app/tools/setup, and a test with the real tool in app/e2e/tools.
package dialect
