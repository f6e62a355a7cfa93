// Package dialect is how local tools ask for a credential and want it answered:
// one file per dialect, each a few pure functions, so that a tool's rules can be
// read and tested in one place. Nothing here speaks to the agent, to a network or
// to a terminal; the commands in package app do.
//
//	login.go     what all of them are made of: a user name, a token, its end
//	git.go       git's credential helpers (gitcredentials(7), git-credential(1))
//	docker.go    Docker's credential helpers
//	kubectl.go   client.authentication.k8s.io, what kubectl and client-go run
//	goauth.go    GOAUTH (go help goauth)
//	aws.go       credential_process, by AssumeRoleWithWebIdentity; sts.go: what STS is asked
//	jwt.go       when an ID token ends
//	mail.go      SASL strings: XOAUTH2 and OAUTHBEARER (RFC 7628)
//	netrc.go     .netrc, as curl, pip and others read it
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
// A file here with its table test, a command in app/commands_helper_*.go, its
// setup in app/tools/setup, and a test with the real tool in tooltest.
package dialect
