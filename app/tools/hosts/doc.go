// Package hosts decides which connection answers for a host: git, docker and
// friends ask for a host, and the user may have several accounts there.
//
// # What stands under hosts
//
//	git.example.org           this host, at the port of https
//	git.example.org:8443      this host, at this port
//	*.example.org             every host below it
//	git.example.org/acme      this host, for paths below acme only
//
// A connection whose file says nothing answers for the hosts of its provider's
// entry (api.git and api.hosts).
//
// # The rules
//
// In this order, until one is left:
//
//  1. a connection that does not fit host and path is out
//  2. one that yields is out where another fits, or fits the host while no path was
//     said; not where the user name is its own name. Connections of MCP servers yield
//     at the server's host, which is often that of a provider's git and API too
//  3. a user name that is a connection's name picks it
//  4. a user name that is a connection's account picks the connections of that account
//     (names that stand for no user, such as oauth2, pick nothing and exclude nothing)
//  5. a host that is named goes before *.host, and the longer one before the shorter
//  6. the longer path goes before the shorter, and before none
//
// Where more than one is left, or the user is another one than the account,
// nobody answers, and a sentence says what to write. What state a connection is
// in plays no part: were a dead one passed over, tools would act as someone
// else.
//
// The package imports the standard library only, so that commands can carry it.
package hosts
