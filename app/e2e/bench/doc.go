// Package bench measures what Authtray costs, beside other programs that do the same
// and beside the least that it could cost, and writes it into app/e2e/BENCH.md. Every figure
// of the README is a row there. It has no code of its own:
//
//	make bench                                   two runs, BENCH.md and build/bench/*.json
//	go test -tags ci ./app/e2e/bench -measure -samples 300 -runs 1 -only commands,socket
//
// Without -measure the tests try each measurement with a few samples and write nothing.
//
// What is compared takes turns, A B A B, because machines are busy at times: only
// samples of the same moment can be compared. A ratio is that of each pair, its
// median and the middle half of them. Where there is valgrind, instructions are
// counted too, which no other program disturbs.
//
// A measurement is a part in the table of bench_linux_test.go, a file each. It calls
// sheet.compare for series, and sheet.goal for what is to be reached; why a goal is
// missed stands beside its figure, in reasons_linux_test.go.
//
// A soak takes an hour of the machine: make soak leaves its account in build/bench,
// where the first run takes it over.
package bench
