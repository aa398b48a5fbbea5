package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/bench/measure"
	"github.com/hooktx/hooks/bench/runners"
	"github.com/hooktx/hooks/bench/session"
)

// TestMain lets the test program be its own child.
func TestMain(m *testing.M) {
	measure.Child(runners.Sources(runners.Lengths...))
	os.Exit(m.Run())
}

func TestGoalsAreOfRunnersThatExist(t *testing.T) {
	for _, g := range goals {
		for _, key := range []string{g.Of, g.To} {
			_, ok := runners.Find(key)
			assert.True(t, ok, "%s: no runner %q", g.Title, key)
		}
		assert.Contains(t, runners.Lengths, g.N)
	}
	for _, b := range budgets {
		r, ok := runners.Find(b.Impl)
		assert.True(t, ok && r.Copies, "%s: of %q the number of copies is not known", b.Title, b.Impl)
	}
}

func TestOneRoundMakesAllFiles(t *testing.T) {
	s := session.Session{
		Name: "chain", Sources: runners.Sources(runners.Lengths...), Out: t.TempDir(),
		Rounds: 1, Conditions: measure.Conditions{Slice: time.Millisecond},
	}
	require.NoError(t, compare(&s, "hooks,direct", "1,5"))
	table, err := os.ReadFile(filepath.Join(s.Out, "chain.md"))
	require.NoError(t, err)
	assert.Contains(t, string(table), "| textbook ÷ hooks | 5 | 5.5 | 7.5 |")
	assert.NotContains(t, string(table), "n = 20")
	chart, err := os.ReadFile(filepath.Join(s.Out, "chain.svg"))
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(chart, []byte("<svg")))
	assert.ErrorContains(t, compare(&s, "nobody", ""), "nobody")
}
