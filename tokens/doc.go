// Package tokens owns the life of a grant, from the moment a provider gave it
// until it is given back, taken away or dead.
//
// One owner of each grant is the idea that everything serves. The owner checks
// before use, renews early, keeps the rotated refresh token, and knows
// revocation from bad weather.
//
// # What is where
//
//	machine.go    the state machine of one grant: a pure function of time and events, no I/O
//	machine_*.go  its parts: refresh.go renews, serve.go answers callers, narrow.go has tokens
//	              for less, store.go reads and writes the record
//	rules.go      when to refresh, what may be handed out, how long to back off
//	manager.go    the machines of all connections, their timers, callers and effects
//	grant.go      the record that is kept in the keychain
//	status.go     states, reasons, codes, and what a caller is told
//	verdicts.go   the memory of dead and disconnected grants, kept outside the keychain
//	clock.go      how time is injected
//	sim_*_test.go a year in a minute: the machine in a simulated world
//	store/        where records are kept: keychain, file, memory
//	client/       the Go client for tools
//
// # States
//
// What a caller gets in each state (Code, see status.go):
//
//	state                caller gets                                          leaves by
//	disconnected         disconnected                                         connect
//	connecting           the old token while it is good, else connecting      the flow's end
//	connected            the token; waits for the one refresh if it must,     refresh failing, disconnect
//	                     timeout if that takes longer than the caller has
//	retrying             the old token while it is good,                      an answer
//	                     else temporarily_unavailable with retry_at,
//	                     which asking brings forward
//	reconnect_required   reconnect_required                                   connect
//	misconfigured        the old token while it is good, else misconfigured   new configuration, user, resume, an hour
//	keychain_locked      the token in memory while it is good,                the keychain opening
//	                     else keychain_locked
//
// # State × event → state
//
// Events that are not named leave the state as it is. "—" cannot happen.
//
//	event                     disconnected  connected        retrying         misconfigured    keychain_locked  reconnect_required
//	record found              connected     —                —                —                connected        (older than the verdict: erased)
//	record absent             disconnected  —                —                —                disconnected     reconnect_required
//	keychain locked           locked        locked           locked           locked           locked           reconnect_required
//	record damaged            reconnect     —                —                —                reconnect        reconnect_required
//	  …that the user gave up  disconnected  —                —                —                —                —
//	refresh: token            —             connected        connected        connected        —                — (late answer: dropped)
//	refresh: transient        —             retrying         retrying         retrying         —                —
//	refresh: suspect, 1st-4th —             retrying         retrying         retrying         —                —
//	refresh: suspect, 5th     —             reconnect        reconnect        reconnect        —                —
//	refresh: misconfigured    —             misconfigured    misconfigured    misconfigured    —                —
//	refresh: dead             —             reconnect        reconnect        reconnect        —                —
//	endpoints changed         —             reconnect        reconnect        reconnect        reconnect        — (connected, once they are back: looked at on every change, on resume and hourly)
//	client registered again   —             reconnect        reconnect        reconnect        reconnect        —
//	expired, no refresh token —             reconnect        —                reconnect        reconnect        — (connected, if the clock was wrong for a minute)
//	store silent at the start locked        —                —                —                —                —
//	connected by the user     connected     connected        connected        connected        connected        connected
//	disconnected by the user  disconnected  disconnected     disconnected     disconnected     disconnected     disconnected
//
// connecting lies over any of them while a flow is pending, and gives way to
// the state below when the flow ends without a grant.
//
// # When to refresh
//
// buffer = min(5 min, lifetime/4), minus a little jitter; the refresh is due at
// expires_at − buffer. An on-demand connection is refreshed by callers, and by
// the timer only to keep an idle grant alive. Only wall time counts: monotonic
// time stops in suspend. A backward step of the wall clock moves the times of
// every grant back with it, so that no token looks younger than it is. A token
// that nothing can renew is kept, unused, for a day after its end: a clock that
// was ahead for a minute has not ended it.
//
// A request that was under way when the machine slept is given three seconds
// after it, and is then given up: its connection is most likely dead.
//
// # How long a token is to last
//
// Want.MinValid is how long the token handed out is to last; where none is named,
// 30 s, or a quarter of its life if that is less. Enough left: it is handed out at
// once. Less left: it is renewed first if a fresh one would serve better, that is,
// if tokens usually live longer than that (the longest of the last three answers)
// or the present one has used up a quarter of its life. A token younger than 10 s
// is not renewed for that, and what the timer is not about to renew anyway is
// renewed six times an hour at most, narrower tokens included. Else what there is
// is handed out, with Token.MinValidMet false. So it is where the renewal fails, or
// takes longer than the caller has, or than half of what is left.
//
// # Failures of a refresh
//
// What a failed request means is refusal.Class; what follows is here. It is for
// a plain refresh, one of the grant's own token: what a refused token for less
// means is below.
//
//	class          tokens   next try                                                       then
//	transient      kept     5 s doubling to 5 min, jitter; Retry-After up to an hour;       for ever
//	                        at once after resume, when the user asks, and, where nobody
//	                        could be reached, when the network is back
//	answer lost    kept     once within 5 s with the same refresh token, then as above      invalid_grant after it: reason answer_lost
//	misconfigured  kept     new configuration, resume, user, once an hour                   for ever
//	suspect        kept     30 s, 2 min, 8 min, 30 min                                      the fifth is dead
//	dead           erased   none until the user acts, also after a restart                  one notification
//
// A process that dies with a request under way has lost the answer too: the
// next one sends the same refresh token again as soon as it has read the record.
// One that is asked to end waits for the answer, and for the store to have it.
//
// An answer whose token is over as it comes (expires_in of 0 or less) counts as
// transient: its refresh token is kept, and its access token is handed to nobody.
//
// The back-off is for the timer. A caller without a usable token (there is none, or
// its API refused it) has the next try at once, or 10 s after the last one was sent;
// never against Retry-After, and never against the pauses after an unknown refusal
// or the hour of a misconfiguration. So a tool that asks is served within 12 s after
// an outage.
//
// # Write before use
//
// Before a refresh the store is asked whether it can be written; if not, the
// refresh waits (state keychain_locked) and the old token is served while it is
// good. After a refresh the record goes to the store before anyone is given the
// new token. If that write fails the grant stays in memory, is served, the
// write is tried again, and Status.Unsaved says so.
//
// # A tool got a 401
//
// It says so with the token that it used. The present one is renewed once, however
// young it is and however many tools say so: the provider may end a token at any
// time. Only one that a rejection itself just brought is the tool's problem, for
// max(10 s, buffer), 5 min for a token without end: rejected_again, and when to say
// it again. To whom says it of an older one the present one is handed out. Without a
// refresh token the provider's whoami is asked, and its "dead" answer, twice, is an end.
//
// # A token for less
//
// Want.Scopes and Want.Resource are had by a refresh of their own, and kept in
// memory beside the grant. Where that refresh rotates, its refresh token goes to
// the store first, and the grant's next refresh names all its scopes, since some
// providers take the last ones asked for as all there is. A provider that answers
// with every scope of the grant has not narrowed anything: that token becomes the
// grant's own, and who asked for less gets a sentence. Where the answer states no
// scopes, the token itself or introspection must show that it can do less, or nobody
// gets it; an entry may say that its provider never gives less (tokens.never_narrows),
// and then it is not asked. What a provider cannot do is not tried again for an hour.
//
// One that is rejected is renewed by one for as much: which tokens were handed out for
// less is remembered while the process lives (512 of them), so that none is answered
// with the grant's own. 32 are kept; the one asked for longest ago makes room. New ones
// are asked for ten times in five minutes at most, by all callers together.
//
// A refusal of less says nothing of the grant, whatever its class: some providers
// answer invalid_grant where a scope was not consented to. Whoever asked gets a
// sentence, and for 10 s the same one without another request. For the grant:
//
//	class of the refusal           what follows
//	dead                           one plain refresh, which decides
//	misconfigured, of the client   the same
//	misconfigured otherwise        nothing
//	suspect, transient             nothing
//	answer lost                    retrying, as after a plain refresh: the refresh token may be spent
//
// No plain refresh follows where the grant's token is younger than 10 s, nor within
// max(10 s, buffer) of the last one that a refusal brought about (5 min for a token
// without end). A grant's own refresh that names its scopes, after one for less,
// and is refused for them or as dead, is made once more without them; that one decides.
//
// # The verdict
//
// Before a dead or disconnected grant is erased, a verdict (reason, generation,
// time; no secret) is written outside the keychain. A record whose generation
// is not above the verdict's is never used again, whenever the keychain opens;
// nor is any record beside a verdict that cannot be read.
//
//	the user disconnected     verdict; revoked at the provider; erased. What cannot be read yet is
//	                          given back once it can, by this process or the next
//	the provider ended it     verdict; erased
//	a sign-in that the store  a verdict that covers nothing waits for the case that this process
//	does not take             ends first: the next one says that the sign-in is lost
//	the grant is kept         (endpoints_changed, client_forgotten, record_damaged, expired) no
//	                          verdict, but a note that the user has been told
//
// Whoever has been told is not told again, also after a restart.
//
// # The record, version 1
//
// One item per connection: service "authtray" ("authtray-PROFILE"), user NAME,
// JSON as Grant marshals it. A client secret is the item "NAME#secret". How a
// large item is split is store's affair.
//
//	{"v":1,"gen":17,"binding":{"issuer":"https://gitlab.com","client_id":"…","origins":["https://gitlab.com"]},
//	 "access_token":"…","token_type":"Bearer","refresh_token":"…","scopes":["read_user"],
//	 "obtained_at":"2026-11-23T10:00:00Z","expires_at":"2026-11-23T12:00:00Z","consented_at":"…",
//	 "account":{"id":"42","label":"ada"},"extra":{"instance_url":"…"}}
//
// A record of a higher version is left alone and reported.
//
// # Time
//
// Everything takes its time from Clock. The machine is handed the time with
// each event and never asks for it.
package tokens
