package report_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/report"
	"github.com/hooktx/hooks/bench/suite"
)

// chainSample is results of three rounds in which the machine became slower and slower. With five hooks the textbook
// takes six times our CPU time and twice our time that passes, with one hook half our CPU time.
func chainSample() *report.Chains {
	log := record.Log{Header: []string{"go1.26 <linux> & more", "CPU: a processor"}}
	add := func(round int, shape, impl string, cpu, wall float64) {
		log.Samples = append(log.Samples, record.Sample{
			Round: round, Task: task(suite.Chain, shape, impl), Count: 1, Nanos: cpu, Wall: wall, Allocs: 99, Bytes: 9_999,
		})
	}
	for i, speed := range []float64{1, 10, 100} {
		add(i+1, "1", suite.Textbook, 50*speed, 60*speed)
		add(i+1, "1", suite.Hooks, 100*speed, 200*speed)
		add(i+1, "5", suite.Textbook, 600*speed, 800*speed)
		add(i+1, "5", suite.Hooks, 100*speed, 400*speed)
		add(i+1, "5", "peer", 300*speed, 350*speed)
	}
	log.Tallies = []record.Tally{
		{Task: task(suite.Chain, "1", suite.Hooks), Count: 1, Allocs: 2, Bytes: 192},
		{Task: task(suite.Chain, "5", suite.Hooks), Count: 1, Allocs: 8, Bytes: 1_576},
	}
	log.Verdicts = []record.Verdict{
		{Task: task(suite.Chain, "5", suite.Hooks), Status: record.OK},
		{Task: task(suite.Chain, "1", "peer"), Status: record.Hang, Reason: "no end within 20s"},
	}
	return &report.Chains{
		Results: report.Sum(log),
		Rows: []report.Row{
			{Impl: suite.Textbook, Title: "textbook"}, {Impl: "peer", Title: "a peer"}, {Impl: "absent", Title: "not measured"},
			{Impl: suite.Hooks, Title: "**hooks**", Ours: true, Copies: true},
		},
		Lengths: []int{1, 5},
		Goals: []report.Goal{
			{Title: "goal", Of: suite.Textbook, To: suite.Hooks, N: 1, Floor: 1, Aim: 2},
			{Title: "goal", Of: suite.Textbook, To: suite.Hooks, N: 5, Floor: 1.5, Aim: 5.5},
			{Title: "shown", Of: "peer", To: suite.Hooks, N: 5},
			{Title: "absent", Of: "absent", To: suite.Hooks, N: 5, Floor: 1, Aim: 2},
		},
		Budgets: []report.Budget{
			{Title: "allocations", Impl: suite.Hooks, N: 1, Floor: 2, Aim: 1},
			{Title: "allocations", Impl: suite.Hooks, N: 5, Floor: 2, Aim: 1},
			{Title: "bytes", Impl: suite.Hooks, Bytes: true, N: 5, Floor: 900},
		},
		OwnBytes: func(n int) int { return 96 * (n + 1) },
	}
}

func TestChainMarkdown(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, chainSample().Markdown(&out))
	for reason, want := range map[string]string{
		"under its floor by both costs":       "| goal | 1 | 1 | 2 | 0.50 (0.50–0.50) | **below** | 0.30 (0.30–0.30) | **below** |",
		"aim by CPU time, floor by the clock": "| goal | 5 | 1.5 | 5.5 | 6.0 (6.0–6.0) | aim | 2.0 (2.0–2.0) | floor |",
		"no floor":                            "| shown | 5 | - | - | 3.0 (3.0–3.0) |  | 0.88 (0.88–0.88) |  |",
		"a goal of what was not measured":     "| absent | 5 | 1 | 2 | - |  | - |  |",
		"nothing besides the copies":          "| allocations | 1 | 2.0 | 1.0 | 0.0 | aim |",
		"two of eight are not copies":         "| allocations | 5 | 2.0 | 1.0 | 2.0 | floor |",
		"bytes have no aim":                   "| bytes | 5 | 900 B | - | 1000 B | **below** |",
		"ours have quartiles":                 "| **hooks** | 2.0 (2.0–2.0) | 0.17 (0.17–0.17) |",
		"others have none":                    "| a peer | - | 0.50 |",
		"time that passes":                    "| a peer | - | 0.44 |",
		"tallies come before samples":         "| **hooks** | 2.0 | 8.0 | 192 B | 1576 B |",
		"why there is no figure":              "a peer, n = 1: hang: no end within 20s",
	} {
		assert.Contains(t, out.String(), want, reason)
	}
	assert.NotContains(t, out.String(), "not measured")
}

func TestChainChartIsWellFormed(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, chainSample().Chart(&out))
	assert.Greater(t, elements(t, &out), 20)
}
