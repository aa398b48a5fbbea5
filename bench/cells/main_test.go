package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/bench/measure"
	"github.com/hooktx/hooks/bench/session"
)

func TestOneRound(t *testing.T) {
	s := session.Session{Name: "cells", Out: t.TempDir(), Rounds: 1, Conditions: measure.Conditions{Slice: time.Millisecond}}
	before := runtime.GOMAXPROCS(0)
	require.NoError(t, compare(&s, 2*time.Millisecond, strings.Split("contention,readers,alone,touched,parallel,merge", ",")))
	assert.Equal(t, before, runtime.GOMAXPROCS(0))
	text, err := os.ReadFile(filepath.Join(s.Out, "cells.md"))
	require.NoError(t, err)
	for _, want := range []string{
		"| goroutines | 1 | 4 | 16 | 64 |", "| 64 | `ExecuteShared` | ", "| one cell for all | ", "| `Atomically` | ",
		"| cells | 1 | 4 | 16 | 64 | 256 |", "| `Parallel` | ", "| `map[string]article` | ",
	} {
		assert.Contains(t, string(text), want)
	}
	assert.NotContains(t, string(text), "| - |", "everything was measured")
	assert.NotContains(t, string(text), "|  | |", "everything has a title")
	assert.ErrorContains(t, compare(&s, 0, []string{"nothing"}), "nothing")
}
