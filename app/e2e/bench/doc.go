//go:build unix

// Command bench measures what `authtray token` costs, beside /bin/true and
// beside oidc-token, each answering a token of the same length from its running
// agent. The calls are interleaved, because machines are busy at times: only
// calls of the same moment can be compared.
//
//	go run ./app/e2e/bench -n 400
//
// It builds authtray without cgo, and keeps everything it starts in a folder of
// its own. Without oidc-agent (Debian: oidc-agent-cli) that row is left out.
package main
