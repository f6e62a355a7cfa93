package main

import (
	"strings"
	"testing"
)

// run is what `go test -json ./...` prints of four packages, without the times.
const run = `{"Action":"start","Package":"m/b"}
{"Action":"output","Package":"m/b","Test":"TestFast","Output":"=== RUN   TestFast\n"}
{"Action":"output","Package":"m/b","Test":"TestFast","Output":"    b_test.go:3: quiet\n"}
{"Action":"output","Package":"m/b","Test":"TestFast","Output":"--- PASS: TestFast (0.10s)\n"}
{"Action":"pass","Package":"m/b","Test":"TestFast","Elapsed":0.1}
{"Action":"output","Package":"m/b","Test":"TestBad/sub","Output":"    b_test.go:4: wrong\n"}
{"Action":"output","Package":"m/b","Test":"TestBad/good","Output":"    b_test.go:5: quiet\n"}
{"Action":"pass","Package":"m/b","Test":"TestBad/good","Elapsed":0}
{"Action":"output","Package":"m/b","Test":"TestBad/sub","Output":"--- FAIL: TestBad/sub (7.00s)\n"}
{"Action":"fail","Package":"m/b","Test":"TestBad/sub","Elapsed":7}
{"Action":"output","Package":"m/b","Test":"TestBad","Output":"--- FAIL: TestBad (7.00s)\n"}
{"Action":"fail","Package":"m/b","Test":"TestBad","Elapsed":7}
{"Action":"output","Package":"m/b","Test":"TestCutOff","Output":"panic: no more time\n"}
{"Action":"output","Package":"m/b","Output":"FAIL\n"}
{"Action":"output","Package":"m/b","Output":"FAIL\tm/b\t7.200s\n"}
{"Action":"fail","Package":"m/b","Elapsed":7.2}
{"ImportPath":"m/c [m/c.test]","Action":"build-output","Output":"c_test.go:3: undefined: x\n"}
{"ImportPath":"m/c [m/c.test]","Action":"build-fail"}
{"Action":"output","Package":"m/c","Output":"FAIL\tm/c [build failed]\n"}
{"Action":"fail","Package":"m/c","Elapsed":0}
this is no event
{"Action":"output","Package":"m/d","Output":"?   \tm/d\t[no test files]\n"}
{"Action":"skip","Package":"m/d","Elapsed":0}
{"Action":"output","Package":"m/a","Output":"a warning\n"}
{"Action":"output","Package":"m/a","Test":"TestSlow","Output":"    a_test.go:3: quiet\n"}
{"Action":"pass","Package":"m/a","Test":"TestSlow","Elapsed":30}
{"Action":"output","Package":"m/a","Test":"TestElsewhere","Output":"    a_test.go:5: ` + "`make windows`" + ` runs this\n"}
{"Action":"output","Package":"m/a","Test":"TestElsewhere","Output":"--- SKIP: TestElsewhere (0.00s)\n"}
{"Action":"skip","Package":"m/a","Test":"TestElsewhere","Elapsed":0}
{"Action":"output","Package":"m/a","Test":"TestOld/sub","Output":"    a_test.go:7: git is not installed\n"}
{"Action":"output","Package":"m/a","Test":"TestOld/sub","Output":"    --- SKIP: TestOld/sub (0.00s)\n"}
{"Action":"skip","Package":"m/a","Test":"TestOld/sub","Elapsed":0}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"output","Package":"m/a","Output":"ok  \tm/a\t30.000s\n"}
{"Action":"pass","Package":"m/a","Elapsed":30}
`

const printed = `    b_test.go:4: wrong
--- FAIL: TestBad/sub (7.00s)
--- FAIL: TestBad (7.00s)
panic: no more time
FAIL
    7.2 s  m/b: fail
c_test.go:3: undefined: x
    0.0 s  m/c: fail
this is no event
   30.0 s  m/a: pass

The slowest tests:
   30.0 s  m/a  TestSlow
    7.0 s  m/b  TestBad
    0.1 s  m/b  TestFast
    0.0 s  m/a  TestElsewhere

Skipped:
  m/a  TestElsewhere  a_test.go:5: ` + "`make windows`" + ` runs this
  m/a  TestOld/sub  a_test.go:7: git is not installed

ok  	m/a	30.000s
FAIL	m/b	7.200s
FAIL	m/c [build failed]
?   	m/d	[no test files]
FAIL
`

func TestReportEndsWithTheSlowestTestsAndTheLinesOfGoTest(t *testing.T) {
	var out strings.Builder
	unshown, err := report(strings.NewReader(run), &out)
	if err != nil || out.String() != printed {
		t.Errorf("%v, printed\n%s\nnot\n%s", err, out.String(), printed)
	}
	if unshown != 1 {
		t.Errorf("%d skipped tests are shown by nothing else, not the one that wants git", unshown)
	}
}

func TestReportNamesTheTwentySlowest(t *testing.T) {
	var in, out strings.Builder
	for range 3 * shown {
		in.WriteString(`{"Action":"pass","Package":"m","Test":"TestX","Elapsed":1}` + "\n")
	}
	if _, err := report(strings.NewReader(in.String()), &out); err != nil || strings.Count(out.String(), "TestX") != shown {
		t.Errorf("%v, printed\n%s", err, out.String())
	}
}
