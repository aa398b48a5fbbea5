package record_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/suite"
)

func TestLinesRoundTrip(t *testing.T) {
	task := suite.Task{Kind: suite.Copy, Shape: "b", Impl: "go-clone"}
	sample := record.Sample{Round: 3, Task: task, Count: 17, Nanos: 1234.5, Allocs: 2, Bytes: 96, Wall: 1300.5}
	tally := record.Tally{Task: task, Count: 500, Allocs: 1.25, Bytes: 80}
	figure := record.Figure{Round: 2, Name: "p99", Impl: "hooks", At: 16, Value: 1.25e-7}
	verdict := record.Verdict{Task: task, Status: record.Wrong, Reason: "not equal: \"a=b\"\n in x"}
	log, err := record.Read(strings.NewReader("# a header\n" + sample.String() + "\n" + tally.String() + "\n" + figure.String() + "\n" + verdict.String() + "\n"))
	require.NoError(t, err)
	assert.Equal(t, []string{"a header"}, log.Header)
	assert.Equal(t, []record.Sample{sample}, log.Samples)
	assert.Equal(t, []record.Tally{tally}, log.Tallies)
	assert.Equal(t, []record.Figure{figure}, log.Figures)
	assert.Equal(t, []record.Verdict{verdict}, log.Verdicts)
}

func TestLinesWithoutWallTimeAreRead(t *testing.T) {
	log, err := record.Read(strings.NewReader("round=1 kind=copy shape=a impl=hand n=3 ns=17.5 allocs=1.0 bytes=48\n"))
	require.NoError(t, err)
	assert.Equal(t, 17.5, log.Samples[0].Nanos)
	assert.Zero(t, log.Samples[0].Wall)
}

func TestBrokenLineIsAnError(t *testing.T) {
	_, err := record.Read(strings.NewReader("round=x kind=copy\n"))
	assert.ErrorContains(t, err, "round=x")
}
