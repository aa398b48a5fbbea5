package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/bench/measure"
	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/runners"
	"github.com/hooktx/hooks/bench/session"
	"github.com/hooktx/hooks/bench/suite"
)

// TestMain lets the test program be its own child.
func TestMain(m *testing.M) {
	measure.Child(runners.Sources(lengths...))
	os.Exit(m.Run())
}

func TestOneRoundOfFew(t *testing.T) {
	s := session.Session{
		Name: "scale", Sources: runners.Sources(1, 10), Out: t.TempDir(),
		Rounds: 1, Conditions: measure.Conditions{Slice: time.Millisecond},
	}
	few := sizes{callers: []int{1, 8}, waiting: 50, abandoned: 20}
	before := runtime.GOMAXPROCS(0)
	require.NoError(t, compare(&s, few, 5*time.Millisecond, []string{"growth", "callers", "procs", "waiting", "abandoned"}))
	assert.Equal(t, before, runtime.GOMAXPROCS(0))
	text, err := os.ReadFile(filepath.Join(s.Out, "scale.md"))
	require.NoError(t, err)
	for _, want := range []string{
		"\n| 8 | ", "| **hooks** | ", "50 executions at once", "20 deaf hooks", "\n| 10 | ",
	} {
		assert.Contains(t, string(text), want)
	}
	assert.NotContains(t, string(text), "| - |", "everything was measured")
	assert.ErrorContains(t, compare(&s, few, 0, []string{"nothing"}), "nothing")
}

func TestTableHasMediansOfRounds(t *testing.T) {
	var log record.Log
	for i, speed := range []float64{1, 2, 4} {
		for _, f := range []record.Figure{
			{Name: "rate", Impl: suite.Textbook, At: 4, Value: 1_000 * speed},
			{Name: "rate", Impl: suite.Hooks, At: 4, Value: 5_000 * speed},
			{Name: "p99", Impl: suite.Hooks, At: 4, Value: 700 / speed},
			{Name: "procs", Impl: suite.Hooks, At: 1, Value: 1_000 * speed},
			{Name: "procs", Impl: suite.Hooks, At: 2, Value: 1_900 * speed},
		} {
			f.Round = i + 1
			log.Figures = append(log.Figures, f)
		}
	}
	var out bytes.Buffer
	require.NoError(t, table(&out, log))
	assert.Contains(t, out.String(), "| 4 | 2.0 k | 10 k | 5.0 | - | - | - | 350 ns | - | - |")
	assert.Contains(t, out.String(), "| **hooks** | 2.0 k | 3.8 k | 1.90 |")
	assert.NotContains(t, out.String(), "Executions that wait", "it was not measured")
}
