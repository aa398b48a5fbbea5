package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/report"
	"github.com/hooktx/hooks/bench/suite"
)

func task(k suite.Kind, shape, impl string) suite.Task {
	return suite.Task{Kind: k, Shape: shape, Impl: impl}
}

// sample is a log of three rounds in which the machine became slower and slower, and ours took twice hand's time.
func sample() (log record.Log) {
	log.Header = []string{"go1.26 <linux> & more", "CPU: a processor"}
	hand, ours, other := task(suite.Copy, "a", "hand"), task(suite.Copy, "a", "hooks"), task(suite.Copy, "a", "mohae")
	for round, speed := range []float64{1, 10, 100} {
		log.Samples = append(log.Samples,
			record.Sample{Round: round + 1, Task: hand, Count: 1, Nanos: 10 * speed, Allocs: 1, Bytes: 48},
			record.Sample{Round: round + 1, Task: ours, Count: 1, Nanos: 20 * speed, Allocs: 2, Bytes: 96},
			record.Sample{Round: round + 1, Task: other, Count: 1, Nanos: 50 * speed * float64(round+1)})
	}
	log.Verdicts = []record.Verdict{
		{Task: hand, Status: record.OK}, {Task: ours, Status: record.OK},
		{Task: other, Status: record.Wrong, Reason: "shares memory"},
		{Task: task(suite.Copy, "a", "json"), Status: record.Died, Reason: "stack overflow"},
		{Task: task(suite.Copy, "a", "gob"), Status: record.Error, Reason: "no such type"},
		{Task: task(suite.Equal, "a", "hooks"), Status: record.OK},
	}
	return log
}

func TestRatiosAreTakenInsideARound(t *testing.T) {
	r := report.Sum(sample())
	assert.Equal(t, 3, r.Rounds)
	ours := r.Cell(suite.Copy, "a", "hooks")
	assert.Equal(t, 2.0, ours.Ratio, "although the machine's speed changed")
	assert.Equal(t, 200.0, ours.Nanos)
	other := r.Cell(suite.Copy, "a", "mohae")
	assert.Equal(t, 10.0, other.Ratio)
	assert.Equal(t, 7.5, other.Low)
	assert.Equal(t, 12.5, other.High)
	assert.False(t, r.Cell(suite.Copy, "a", "json").Timed)
	assert.Nil(t, r.Cell(suite.Copy, "b", "hand"))
}

func TestRoundWithoutBaseIsLeftOut(t *testing.T) {
	log := sample()
	log.Samples = append(log.Samples, record.Sample{Round: 4, Task: task(suite.Copy, "a", "hooks"), Nanos: 1})
	cell := report.Sum(log).Cell(suite.Copy, "a", "hooks")
	assert.Equal(t, 2.0, cell.Low)
	assert.False(t, math.IsNaN(cell.Ratio))
}

func TestMarkdown(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, report.Markdown(&out, report.Sum(sample())))
	for _, want := range []string{
		"| hand-written (absolute) | 100 ns |", "| **hooks** | 2.0 |", "| mohae/deepcopy | 10† |",
		"| encoding/json round trip | died |", "| encoding/gob round trip | - |", "shares memory", "| hooks, number | 2 |",
	} {
		assert.Contains(t, out.String(), want)
	}
}

func TestChartIsWellFormed(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, report.Chart(&out, report.Sum(sample())))
	assert.Greater(t, elements(t, &out), 20)
}

// elements counts those of a well-formed document.
func elements(t *testing.T, r io.Reader) (n int) {
	t.Helper()
	for d := xml.NewDecoder(r); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return n
		}
		require.NoError(t, err)
		if _, ok := token.(xml.StartElement); ok {
			n++
		}
	}
}
