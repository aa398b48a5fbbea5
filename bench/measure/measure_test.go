package measure

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/suite"
)

var quick = Conditions{Slice: time.Millisecond}

// TestMain lets the test program be its own child.
func TestMain(m *testing.M) {
	Child(suite.Sources())
	os.Exit(m.Run())
}

func TestPlanTimesEveryTaskInEveryRound(t *testing.T) {
	flat, _ := suite.Find(suite.Sources(), "a")
	var samples []record.Sample
	var verdicts []record.Verdict
	var tallies []record.Tally
	plan := Plan{
		Shapes: []suite.Source{flat}, Kinds: []suite.Kind{suite.Copy, suite.Equal}, Rounds: 2, Tally: true,
		Conditions: quick, Limit: time.Minute, Seed: 1, Progress: io.Discard,
		Line: func(v fmt.Stringer) error {
			switch v := v.(type) {
			case record.Sample:
				samples = append(samples, v)
			case record.Verdict:
				verdicts = append(verdicts, v)
			case record.Tally:
				tallies = append(tallies, v)
			}
			return nil
		},
	}
	require.NoError(t, plan.Run())
	assert.Len(t, samples, 2*len(verdicts))
	assert.Len(t, tallies, len(verdicts))
	for _, s := range samples {
		assert.Positive(t, s.Nanos, "%v", s)
		assert.Positive(t, s.Wall, "%v", s)
		assert.Contains(t, []int{1, 2}, s.Round)
	}
	hand := slices.IndexFunc(samples, func(s record.Sample) bool { return s.Impl == suite.Hand })
	assert.InDelta(t, 1, samples[hand].Allocs, 0.1, "a flat struct by hand is one allocation")
	hand = slices.IndexFunc(tallies, func(t record.Tally) bool { return t.Impl == suite.Hand })
	assert.InDelta(t, 1, tallies[hand].Allocs, 0.1, "and so it is in the pass that counts")
}

func TestDeathOfAChildIsAnAnswer(t *testing.T) {
	c := crew{plan: &Plan{Conditions: quick, Limit: time.Minute, Progress: io.Discard}}
	defer c.dismiss()
	answer, err := c.do(verbCheck, suite.Task{Kind: suite.Copy, Shape: "q", Impl: "mohae"}) // never returns from a cycle
	require.NoError(t, err)
	v, ok := answer.(record.Verdict)
	require.True(t, ok)
	assert.Equal(t, record.Died, v.Status)
	assert.Contains(t, v.Reason, "stack")
	answer, err = c.do(verbCheck, suite.Task{Kind: suite.Copy, Shape: "a", Impl: "mohae"})
	require.NoError(t, err, "a new child has taken over")
	assert.Equal(t, record.OK, answer.(record.Verdict).Status)
}

func TestSilenceIsAHang(t *testing.T) {
	c := crew{plan: &Plan{Conditions: quick, Limit: time.Nanosecond, Progress: io.Discard}}
	defer c.dismiss()
	answer, err := c.do(verbCheck, suite.Task{Kind: suite.Copy, Shape: "p", Impl: "hooks"})
	require.NoError(t, err)
	assert.Equal(t, record.Hang, answer.(record.Verdict).Status)
}

func TestWorkerKnowsItsShapes(t *testing.T) {
	var out bytes.Buffer
	assert.ErrorContains(t, Work(strings.NewReader("check copy ? hand\n"), &out, quick, suite.Sources()), "no shape")
	require.NoError(t, Work(strings.NewReader("check copy a hand\n"), &out, quick, suite.Sources()))
	assert.Contains(t, out.String(), "check=ok")
}
