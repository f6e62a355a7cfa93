// Package tokens owns the life of a grant, from the moment a provider gave it
// until it is revoked or dead.
//
// One owner of each grant is the idea that everything serves. The owner checks
// before use, renews early, keeps the rotated refresh token, and knows
// revocation from bad weather.
//
// # States
//
// What a machine may be in, and what a caller gets there (Code, see status.go). A
// test walks every state that events can lead to, and holds them against this
// table. What it holds: a live grant; one that is parked, dead, or given up (see
// End); or nothing.
//
//	state               holds     refresh   caller gets
//	disconnected        nothing   idle      disconnected
//	disconnected        given up  idle      disconnected; it is revoked, then erased
//	disconnected        nothing   saving    waits for the sign-in to be written
//	disconnected        given up  saving    the same
//	connected           live      any       the token; waits for the one refresh if it must, timeout if that takes longer than the caller has
//	retrying            live      any       the old token while it is good, else temporarily_unavailable with retry_at, which asking brings forward
//	misconfigured       live      any       the old token while it is good, else misconfigured
//	keychain_locked     nothing   idle      keychain_locked: nobody could read the record yet
//	keychain_locked     nothing   saving    waits for the sign-in to be written
//	keychain_locked     live      any       the token in memory while it is good, else keychain_locked
//	reconnect_required  dead      idle      reconnect_required
//	reconnect_required  dead      saving    waits for the sign-in to be written
//	reconnect_required  parked    any       the old token while it is good, else reconnect_required
//	reconnect_required  live      any       reconnect_required: endpoints_changed, client_forgotten, expired
//	reconnect_required  nothing   idle      reconnect_required: record_damaged, note_damaged
//	reconnect_required  nothing   saving    waits for the sign-in to be written
//
// connecting lies over any of them while a flow is pending: who finds no usable token
// gets connecting.
//
// # State × event → state
//
// Where each event may lead, from the state at the head of the column: D
// disconnected, C connected, T retrying, M misconfigured, L keychain_locked, R
// reconnect_required; "·": it stays. An event that is not named moves nothing. A
// token that nothing can renew ends by itself, at any event (R, expired).
//
//	event          disconnected  connected  retrying  misconfigured  keychain_locked  reconnect_required
//	record read    C L R         ·          ·         ·              C D R            C D L
//	saved          C T           T          C         C T            C T              C T
//	store checked  ·             L          L         L              ·                ·
//	answered       ·             T M R      M R       T R            T M R            ·
//	overtaken      C R           D R        D C R     D C R          D C R            D C
//	bound          ·             R          R         R              R                C
//	probed         ·             R          ·         ·              ·                ·
//	tick           L             ·          ·         ·              ·                ·
//	store changed  L             ·          ·         ·              ·                ·
//	user refresh   L             ·          ·         ·              ·                ·
//	resumed        L             ·          ·         ·              ·                ·
//	clock set      ·             ·          ·         ·              ·                C
//	disconnect     ·             D          D         D              D                D
//
// # When to refresh
//
// buffer = min(5 min, lifetime/4), minus a little jitter; the refresh is due at
// expires_at − buffer. An on-demand connection is refreshed by callers, and by
// the timer only to keep an idle grant alive. How long a token handed out is to last
// is in Want.MinValid.
//
// Everything takes its time from Clock, and only wall time counts: monotonic time
// stops in suspend. A backward step of the wall clock moves the times of every grant
// back with it, so that no token looks younger than it is. A token that nothing can
// renew is kept, unused, for a day after its end: a clock that was ahead for a minute
// has not ended it.
//
// # Failures of a refresh
//
// What a failed request means is refusal.Class; what follows is here. It is for
// a plain refresh, one of the grant's own token; see below for a token for less.
//
//	class            tokens   next try                                                  then
//	transient        kept     5 s doubling to 5 min, jitter; Retry-After up to an hour;  for ever
//	                          at once after resume, when the user asks, and, where
//	                          nobody could be reached, when the network is back
//	answer lost      kept     once soon with the same refresh token (see below), then    invalid_grant after it: reason answer_lost
//	                          as above
//	misconfigured    kept     new configuration, resume, user, once an hour; as for      for ever
//	                          transient where there is nothing at the URL (404, 405)
//	refused for now  kept     another network, resume, user, once an hour                told of once after a day
//	suspect          kept     30 s, 2 min, 8 min, 30 min                                 the fifth parks the grant
//	dead             cleared  none until the user acts, also after a restart             told of once
//
// A grant that is parked is sent once each time that the user asks (userRefresh).
// A token brings it back; an end ends it; anything else leaves it parked.
//
// That an answer is lost is known at once where the connection broke (reset, EOF)
// or its local address is gone: the request is repeated within a second. Silence is
// waited for, 30 s in all, since the system goes on asking for what got lost on the
// way; then the request is repeated within 4 s. Where it is known how long the
// provider takes a used refresh token again (tokens.grace), a third of that is
// waited, 8 s at least, and the request is repeated within a second; under 12 s there
// is no such early end. What was under way when the machine slept is given up three
// seconds after it.
//
// A process that dies with a request under way has lost the answer too, and the next
// one sends the same refresh token again as soon as it has read the record. That an
// answer was lost it does not know: an end that comes of it is called a revocation.
// A process that is asked to end waits for the answer, and for the store to have it.
//
// The back-off is for the timer. A caller without a usable token has the next try at
// once, or 10 s after the last one was sent; never against Retry-After, and never
// against the pauses after an unknown refusal or the hour of a misconfiguration.
//
// # Write before use
//
// Before a refresh the store is asked whether it can be written; if not, the
// refresh waits (state keychain_locked) and the old token is served while it is
// good; but a repeat of what got no answer is kept waiting by one that does not answer
// for 2 s alone. Before a probe it is asked too: the answer may be an end. After a refresh
// the record goes to the store before anyone is given the new token. If that write
// fails the grant stays in memory, is served, the write is tried again, and
// Status.Unsaved says so.
//
// # A token for less
//
// Want.Scopes and Want.Resource are had by a refresh of their own, and kept in
// memory beside the grant. What they were for goes to the store first, by a hash of
// the token, and so does the refresh token where that refresh rotates; where the store
// does not take it nobody gets the token. After that, or a lost answer, the grant's next
// refresh names all its scopes, since some providers take the last ones asked for as all
// there is; refused in words that may be about them, it is made once more without.
//
// A provider that answers with every scope of the grant has not narrowed anything:
// that token becomes the grant's own, and who asked for less gets a sentence. One that
// is rejected is renewed by one for as much, also by a later process, and none is
// answered with the grant's own.
//
// A refusal of less says nothing of the grant, whatever its class: some providers
// answer invalid_grant where a scope was not consented to. Whoever asked gets a sentence,
// and the same one for 10 s, or as long as Retry-After says, unasked. For the grant:
//
//	class of the refusal           what follows
//	dead                           one plain refresh, which decides
//	misconfigured, of the client   the same
//	misconfigured otherwise        nothing
//	suspect, transient, for now    nothing
//	answer lost                    retrying, as after a plain refresh: the refresh token may be spent
//
// # The end
//
// That a grant is over stands in its record: reason, time, and what the user has
// been told of. It is written in the same write that clears the tokens, and until
// that write has worked it holds in memory: nothing is served or sent. Only where
// the process ends before that may the next one serve the old access token until
// its next refresh or rejection, send one more request, and tell once more.
//
//	the provider ended it     the record loses its tokens and says why
//	five unknown refusals     the record says that the grant is parked, and keeps its tokens
//	the user disconnected     the record says so; revoked, as is what a request under way brings; erased
//	  …and the store cannot   a note outside the store says so, before anything is revoked. What
//	  be read or written      is in the store is revoked and erased once it opens, by this process
//	                          or the next. The note goes last.
//	the grant is kept         (endpoints_changed, client_forgotten, expired) the record only says
//	                          what the user has been told of
//
// A sign-in that comes while a note stands names it (Grant.After), and is not what
// was given up. A note that cannot be read is taken for one that covers a record:
// that is neither used nor erased until the user acts.
//
// # The record, version 1
//
// One item per connection: service "authtray" ("authtray-PROFILE"), user NAME,
// JSON as Grant marshals it. A client secret is the item "NAME#secret". A record of a
// higher version is left alone and reported.
//
//	{"v":1,"gen":17,"binding":{"issuer":"https://gitlab.com","client_id":"…","origins":["https://gitlab.com"],"resources":["https://gitlab.com"]},
//	 "access_token":"…","token_type":"Bearer","refresh_token":"…","scopes":["read_user"],
//	 "obtained_at":"2026-11-23T10:00:00Z","expires_at":"2026-11-23T12:00:00Z","consented_at":"…",
//	 "account":{"id":"42","label":"ada"},"extra":{"instance_url":"…"},
//	 "given":[{"scopes":["read_user"],"sums":"…"}]}
//	{"v":1,"gen":18,…,"told":"revoked","end":{"state":"reconnect_required","reason":"revoked","time":"…"}}
package tokens
