package runners_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/bench/runners"
	"github.com/hooktx/hooks/bench/suite"
)

func TestEveryRunnerRunsEveryHookOnceAndInOrder(t *testing.T) {
	for _, src := range runners.Sources(runners.Lengths...) {
		subject := src.New()
		tasks := subject.Tasks(suite.Chain)
		assert.Len(t, tasks, len(runners.All))
		for _, task := range tasks {
			t.Run("n="+task.Shape+"/impl="+task.Impl, func(t *testing.T) {
				require.NoError(t, subject.Check(task))
				assert.NoError(t, subject.Run(task, 5))
			})
		}
	}
}

func TestCallersRunAtTheSameTime(t *testing.T) {
	for _, r := range runners.All {
		t.Run("impl="+r.Key, func(t *testing.T) {
			chain, err := r.New(5)
			require.NoError(t, err)
			defer chain.Close()
			failed := make(chan error)
			for range 4 {
				caller := chain.Caller()
				go func() { failed <- repeat(20, caller.Run) }()
			}
			for range 4 {
				assert.NoError(t, <-failed)
			}
		})
	}
}

func repeat(times int, run func() error) error {
	for range times {
		if err := run(); err != nil {
			return err
		}
	}
	return nil
}

func TestOwnBytesAreWhatADirectCallAllocates(t *testing.T) {
	direct, ok := runners.Find(runners.Direct)
	require.True(t, ok)
	for _, n := range runners.Lengths {
		chain, err := direct.New(n)
		require.NoError(t, err)
		run := chain.Caller().Run
		result := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
		})
		assert.Equal(t, int64(n), result.AllocsPerOp(), "a copy for each hook")
		assert.InDelta(t, runners.OwnBytes(n-1), result.AllocedBytesPerOp(), 8, "n = "+strconv.Itoa(n))
	}
}

func TestKeysAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range runners.All {
		assert.False(t, seen[r.Key], r.Key)
		seen[r.Key] = true
	}
}
