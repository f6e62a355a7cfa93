// Package windows runs what is built for Windows under Wine: `make test-windows` does,
// by the script run in this folder, and prints what Wine cannot show. Its tests are
// the story of a connection with the real programs; the script runs the tests of the
// other packages too.
package windows
