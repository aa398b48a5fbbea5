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
	sample := record.Sample{Round: 3, Task: task, Count: 17, Nanos: 1234.5, Allocs: 2, Bytes: 96}
	verdict := record.Verdict{Task: task, Status: record.Wrong, Reason: "not equal: \"a=b\"\n in x"}
	log, err := record.Read(strings.NewReader("# a header\n" + sample.String() + "\n" + verdict.String() + "\n"))
	require.NoError(t, err)
	assert.Equal(t, []string{"a header"}, log.Header)
	assert.Equal(t, []record.Sample{sample}, log.Samples)
	assert.Equal(t, []record.Verdict{verdict}, log.Verdicts)
}

func TestBrokenLineIsAnError(t *testing.T) {
	_, err := record.Read(strings.NewReader("round=x kind=copy\n"))
	assert.ErrorContains(t, err, "round=x")
}
