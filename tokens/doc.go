// Package tokens owns the life of a grant, from the moment a provider gave it
// until it is given back, taken away or dead.
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
//	disconnected        given up  idle      disconnected; it is given back, then erased
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
// connecting lies over any of them while a flow is pending, and gives way to
// the state below when the flow ends without a grant. While it does, who finds no
// usable token gets connecting.
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
//	reread         ·             R          R C       R C            R C              C
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
//	class            tokens   next try                                                  then
//	transient        kept     5 s doubling to 5 min, jitter; Retry-After up to an hour;  for ever
//	                          at once after resume, when the user asks, and, where
//	                          nobody could be reached, when the network is back
//	answer lost      kept     once soon with the same refresh token (see below), then    invalid_grant after it: reason answer_lost
//	                          as above
//	misconfigured    kept     new configuration, resume, user, once an hour              for ever
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
// waited, 8 s at least, and the request is repeated within a second. Under 12 s there
// is no such early end. Until that time is over, a try that brought no answer, or only a
// gateway's, is followed by another within a quarter of what is left of it, or a second.
//
// A process that dies with a request under way has lost the answer too. The next
// one finds the grant due and sends the same refresh token again as soon as it has
// read the record. That an answer was lost it does not know: an end that comes of
// it is called a revocation. A process that is asked to end waits for the answer,
// and for the store to have it.
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
// good. Before a probe it is asked too: the answer may be an end. After a refresh
// the record goes to the store before anyone is given the new token. If that write
// fails the grant stays in memory, is served, the write is tried again, and
// Status.Unsaved says so.
//
// The store may have been another process's for a while (store.Owned), so the
// record is read again before anything is sent or written: a newer one is taken up,
// and what is known here of older generations is dropped, but for what the user
// gave up.
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
// memory beside the grant. What they were for goes to the store first, by a hash of
// the token, and so does the refresh token where that refresh rotates; then the
// grant's next refresh names all its scopes, since some providers take the last ones
// asked for as all there is. Where the store does not take it nobody gets the token. A provider that answers
// with every scope of the grant has not narrowed anything: that token becomes the
// grant's own, and who asked for less gets a sentence. Where the answer states no
// scopes, the token itself or introspection must show that it can do less, or nobody
// gets it; an entry may say that its provider never gives less (tokens.never_narrows),
// and then it is not asked. What a provider cannot do is not tried again for an hour.
//
// One that is rejected is renewed by one for as much, also by a later process, and none
// is answered with the grant's own: the record says which tokens were handed out for
// less, the last 64 of each of 128 kinds. 32 are kept; the one asked for longest ago
// makes room. New ones are asked for ten times in five minutes at most, by all callers
// together.
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
//	the user disconnected     the record says so; revoked at the provider; erased
//	  …and the store cannot   a note outside the store says so, before anything is revoked. What
//	  be read or written      is in the store is given back and erased once it opens, by this
//	                          process or the next. The note goes last.
//	the grant is kept         (endpoints_changed, client_forgotten, expired) the record only says
//	                          what the user has been told of
//
// A sign-in that comes while a note stands names it (Grant.After), and is not what
// was given up. Where that note is not written yet, it names those before it too, of
// which one may stand. A note that cannot be read is taken for one that covers a record:
// that is neither used nor erased until the user acts.
//
// Whoever has been told is not told again, also after a restart; only of a record
// that cannot be read each process tells once.
//
// # The record, version 1
//
// One item per connection: service "authtray" ("authtray-PROFILE"), user NAME,
// JSON as Grant marshals it. A client secret is the item "NAME#secret". How a
// large item is split is store's affair.
//
//	{"v":1,"gen":17,"binding":{"issuer":"https://gitlab.com","client_id":"…","origins":["https://gitlab.com"],"resources":["https://gitlab.com"]},
//	 "access_token":"…","token_type":"Bearer","refresh_token":"…","scopes":["read_user"],
//	 "obtained_at":"2026-11-23T10:00:00Z","expires_at":"2026-11-23T12:00:00Z","consented_at":"…",
//	 "account":{"id":"42","label":"ada"},"extra":{"instance_url":"…"},
//	 "given":[{"scopes":["read_user"],"sums":"…"}]}
//	{"v":1,"gen":18,…,"told":"revoked","end":{"state":"reconnect_required","reason":"revoked","time":"…"}}
//
// A record of a higher version is left alone and reported.
//
// # Time
//
// Everything takes its time from Clock. The machine is handed the time with
// each event and never asks for it.
package tokens
