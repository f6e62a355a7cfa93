// Package api serves the agent to local tools: HTTP/1.1 and JSON over a Unix
// socket (a named pipe on Windows), to processes of the same user only.
//
// The address is $AUTHTRAY_SOCKET, else $XDG_RUNTIME_DIR/authtray/agent.sock,
// else /run/user/UID/authtray/agent.sock where that folder is ours, else
// run/agent.sock in the state folder; macOS authtray-UID/agent.sock in the folder
// that `getconf DARWIN_USER_TEMP_DIR` names, whatever TMPDIR is; Windows
// \\.\pipe\authtray-SID. A profile's name follows authtray (authtray-PROFILE). The
// folder is 0700, the socket 0600, and the peer's uid is checked on every
// connection; clients check the server's uid too.
//
// Host is ignored; a request with Origin is refused (not_allowed): browsers
// have no business here. Everything is Cache-Control: no-store. Times are RFC
// 3339 in UTC; durations are Go's ("60s").
//
// # Adding an endpoint
//
// Its line goes into routes (routes.go), its handler into a handlers file, what that
// needs of the agent into the interface Agent (contract.go) and a method of it in
// package agent, and its answer into this page.
//
// # Connections
//
//	GET /v1/connections
//	200 {"connections":[{"name":"work","provider":"gitlab","provider_name":"GitLab","state":"connected",
//	     "account":"ada","scopes":["read_user"],"expires_at":"2026-11-23T12:00:00Z",
//	     "refreshed_at":"2026-11-23T10:00:00Z","refreshable":true}]}
//	200 with Accept: text/plain: what authtray status prints
//
//	GET /v1/connections/NAME
//	200 the same object, with "events":[{"time":"…","what":"refreshed"}], and "config": the connection file as JSON;
//	    both have "config_error" where the file as it is now cannot be used, and the last good one is,
//	    and "asked", the scopes that the next sign-in asks for, beside the granted "scopes";
//	    "question" is what the user is being asked about it now ("gh: allow the token of work?"); no request answers it
//	    that of an MCP server has "mcp":{"server":"its name","clients":["claude-code"],"tools":["search"]}, tools not in the list
//
//	PUT /v1/connections/NAME   {"provider":"gitlab","client_id":"…","scopes":["read_user"],"vars":{"host":"git.example.org"}}
//	200 the object; 400 bad_request with a sentence where the file could not be used (nothing is written then)
//
//	DELETE /v1/connections/NAME
//	200 {"revoked":true}            disconnected at the provider, erased here, file removed
//	200 {"revoked":false,"detail":"GitLab could not be reached, so the grant is only erased here. …"}
//
//	PUT /v1/connections/NAME/secret   {"client_secret":"…"}        204; {"like":"OTHER"} takes that of another connection, if it has one
//
// # Tokens
//
//	GET /v1/connections/NAME/token?min_valid=60s&timeout=10s[&scope=a+b][&resource=URL][&for=TEXT][&mcp=URL][&url=URL]
//	200 {"access_token":"…","token_type":"Bearer","expires_at":"2026-11-23T12:00:00Z","scopes":["read_user"],"account":"ada"}
//	200 with Accept: text/plain: the bare token and a newline
//
// min_valid is how long the token is to last. Where less is left of it, it is
// renewed if a fresh one would serve better: it usually lives longer than that, or
// the present one has used up a quarter of its life. That happens at most once in
// 10 s, and six times an hour for what is not due anyway. Else what there is is
// handed out, with "min_valid_met":false in the object and Authtray-Min-Valid-Met:
// false in the head. Where none is named it is 30 s, or a quarter of the token's
// life if that is less; 0s takes any token that has not expired.
//
// for says what the token is for, for the record of reads alone.
//
// mcp and url say where it is going to be sent: to the MCP server of that URL, to an
// address of the API or of the connection's hosts (url may be repeated). 409 other_place
// where the connection leads elsewhere by now: its configuration was changed since the
// caller learned the address.
//
// scope and resource ask for a token for less than the grant. 400 bad_request where
// the provider gives none, or where neither its answer, nor the token itself, nor
// introspection says that it can do less; 503 temporarily_unavailable with "retry_at"
// where more than ten new ones were asked for within five minutes.
//
//	POST /v1/connections/NAME/rejected?timeout=10s[&mcp=URL][&url=URL]   {"access_token":"…"}      answers as /token
//	        a current token is renewed once, one for less by one for as much; 409 rejected_again where a rejection itself just brought it: "retry_at" says when another one is believed
//	POST /v1/connections/NAME/refresh                                          200 the connection's object
//
// # Connecting
//
//	POST /v1/connections/NAME/connect[?wait=true]
//	     {"mode":"browser","login_hint":"","switch_account":false,"accept_account":false,"accept_host":"","scopes":["…"]}
//	200 {"url":"https://…","mode":"browser","redirect_uri":"http://127.0.0.1:41233/callback","expires_at":"…"} at once
//	200 {"url":"https://…","user_code":"WDJB-MJHT","mode":"device","expires_at":"…"}
//	200 the connection's object, with wait=true, when the flow ended well
//	409 connect_failed, with wait=true, when it did not (detail says why)
//	200 with wait=true and Accept: application/x-ndjson: {"attempt":{"url":…}} at once, and at the end a line
//	    {"connection":{…}} or {"problem":{…}}: one request, so that no flow ends unseen between two
//
// Modes: "browser" opens the system browser ("browser_error" says why it could
// not; the flow is pending all the same), "url" only answers the URL, "device"
// is RFC 8628. "ask" asks by a notification, on behalf of the program that "for"
// names, and opens the browser upon a yes; there is one question for each
// connection, none for ten minutes after a no (403 not_allowed with wait=true). A second connect takes up the pending flow; one that cannot be
// shared (device, or switch_account, where the first was not) takes its place.
//
//	POST /v1/connections/NAME/connect/redirect   {"url":"http://127.0.0.1:41233/callback?code=…"}   200 the object
//	DELETE /v1/connections/NAME/connect[?timed_out=true]              204; how the history tells that it ended
//	DELETE /v1/connections/NAME/grant                 disconnect; answers as DELETE of the connection
//
// Reconnecting as someone else ends with 409 other_account, and "account" says
// as whom; the new grant is held for ten minutes, and connect with
// "accept_account":true takes it (200 the object). With switch_account the user
// wanted someone else, and nothing is asked. "scopes" are asked for beyond the
// connection's own (a step-up), and become its own once they are granted.
//
// 409 other_host: discovery names a sign-in page on another host than the issuer and
// the token endpoint, so that what it gives may go to somebody else. "host" says which;
// connect with it as "accept_host", once the user has agreed, goes on, and is not
// asked again.
//
// A connection's "note" is a sentence that matters though its state may be fine:
// the same account is connected under another name, where there is one grant for
// both. A connection without a client id, or with mcp, registers a client by
// itself where the issuer does that.
//
// # The provider's API
//
//	ANY /v1/connections/NAME/api/PATH                 the provider's answer, streamed
//
// The request goes to PATH below the entry's api.base, escaped as it came, or to
// a PATH that is a whole URL of one of the entry's API hosts, with the token
// added. Where the API rejects the token, it is renewed and the request is sent
// once more, if its body was no larger than 1 MB. Package proxy says what is
// passed on: not the caller's Authorization and Cookie, not the API's Set-Cookie;
// redirects are handed back. The API's own Cache-Control is passed on.
//
// # Hosts
//
//	GET /v1/hosts/HOST?path=acme/x.git&user=ada       HOST may have a port; path and user are what the tool said, if anything
//	200 {"name":"work","provider":"github","account":"ada"}      the connection that answers for it
//	404 unknown_connection: no connection answers for it
//	409 unclear_host: more than one does, or for another path or user only; detail names them and says what to write
//
// # Helpers
//
//	POST /v1/helpers/git                              the body is what git says to a credential helper, the answer what it is told:
//	                                                  nothing where the host is no connection's
//	POST /v1/helpers/docker                           the same for docker; 404 unknown_connection where the registry is no connection's
//	POST /v1/helpers/kubectl/NAME                     the body is the apiVersion that kubectl asks for, the answer an ExecCredential
//	200 text/plain; errors are those of hosts and tokens
//
// # The forwarded socket
//
// remote.sock, beside agent.sock, is the one to forward to another machine
// (ssh -R). Of connections with remote = true in their file it answers token,
// rejected, helpers/kubectl and api/, their objects and events with no account, detail or
// configuration, and connect with {"mode":"ask"}: a notification at the desk, one
// for each connection and ten minutes. A resource, and scopes that the connection
// was not granted, are not_allowed; so is everything else. Requests for fewer scopes
// and rejections are ten in five minutes for each connection, then
// temporarily_unavailable.
//
// # The rest
//
//	GET   /v1/providers                               {"providers":[{"id":"gitlab","name":"GitLab","needs_app":true,"secret":"optional","server":"own?"}]}
//	GET   /v1/providers?for=HOST                      {"guesses":[{"provider":"gitlab","vars":{"host":"git.example.org"}}]}, of a host or URL
//	GET   /v1/providers/ID                            the entry, as JSON, with "redirect_uri"
//	GET   /v1/events                                  text/event-stream; each event: "event: connection", data: the connection's object as in the list
//	                                                  (first one event for each connection as it is now; a removed one: "event: removed", {"name":…});
//	                                                  ?mcp=NAME[&client=TEXT]: those of one connection, for a bridge to its MCP server, whose client
//	                                                  counts as connected while it listens
//	                                                  a slow reader gets the last state of each that changed, and every removal
//	GET   /v1/log?n=100&follow=true                   application/x-ndjson, one read of a token a line, oldest first:
//	                                                  {"time":"…","connection":"work","pid":4242,"uid":1000,"exe":"/usr/bin/gh","what":"token"}
//	                                                  "code": why no token was given; "parent_pid", "parent_exe": where exe is authtray itself;
//	                                                  {"dropped":3,"at":"…"}: records that are missing
//	GET   /v1/doctor                                  {"checks":[{"id":"keychain","ok":true,"detail":"…","hint":""}]}
//	GET   /v1/settings                                {"notifications":true,"reminders":false,"autostart":false}
//	PATCH /v1/settings                                any of them; with an error none is changed
//	GET   /v1/health                                  {"version":"0.1.0","uptime":"1h2m","pid":4242,"profile":"","store":"keychain","tray":"registered|no_host|off",
//	                                                   "notifications":"actions|plain|none","notes":["No tray host is running: …"]}
//	POST  /v1/window                                  raise or start the window; 204
//	POST  /v1/unlock                                  ask the user to unlock the keychain, where it is locked; 204 when it is open
//	POST  /v1/quit[?hand_over=true]                   204; with hand_over the sockets come as SCM_RIGHTS, for the agent that takes over
//
// # Errors
//
// application/problem+json:
//
//	{"code":"temporarily_unavailable","title":"Service Unavailable","status":503,
//	 "detail":"GitLab cannot be reached.","hint":"authtray status work","reason":"network","retry_at":"2026-11-23T10:00:05Z"}
//
// "field" names the field of the connection that is to be corrected, where it is
// one: client_id, client_secret, scopes, mcp, vars.host, override.issuer.
//
//	unknown_connection 404 · unknown_provider 404 · disconnected, reconnect_required, misconfigured, rejected_again, connecting,
//	connect_failed, other_account, other_host, unclear_host, other_place 409 · keychain_locked 423 · temporarily_unavailable 503 · timeout 504 · bad_request 400 · not_allowed 403 ·
//	not_found 404 · failed 500 (something on this machine: a disk, a folder, a program)
//
// A client that sends half a request, or never reads, slows nobody else: every
// connection has its own goroutine, a deadline for the request's head and body,
// and one for the answer (but for events, log and api, which stream).
// A client that closes its side while it waits (nc -N, Python's shutdown) has hung
// up, and its request ends: keep the connection open until the answer has come.
package api
