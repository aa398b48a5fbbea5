package hooks_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/hooktx/hooks"
)

// atProcs runs a test with one, two and four processors.
func atProcs(t *testing.T, test func(t *testing.T)) {
	for _, n := range []int{1, 2, 4} {
		t.Run(fmt.Sprintf("procs=%d", n), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
			test(t)
		})
	}
}

// Which side of its deadline a hook is on does not depend on who is faster: a
// nanosecond before it is in time, on it or after it is late, every time.
func TestTiesAreLate(t *testing.T) {
	const (
		limit = 20 * time.Millisecond
		times = 1000
	)
	type counts struct {
		Outcome   hooks.Outcome
		Committed bool
		Kinds     []string
		Took      time.Duration // by the result, and by the clock
		N         int           // in the state
	}
	late := counts{Outcome: hooks.OutcomeTimedOut, Kinds: []string{"ErrTimeout", "DeadlineExceeded"}, Took: limit}
	cases := []struct {
		name, reason string
		ends         time.Duration
		want         counts
	}{
		{"1ns before", "it has returned when its time is not yet over", limit - 1, counts{Committed: true, Took: limit - 1, N: 1}},
		{"at", "two runs of one program should not differ because a clock is coarse", limit, late},
		{"1ns after", "it is given up at its deadline, not when it ends", limit + 1, late},
	}
	atProcs(t, func(t *testing.T) {
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					x, err := hooks.New[page](hooks.Config{Execution: hooks.ExecutionConfig{DefaultTimeout: limit}})
					if err != nil {
						t.Fatal(err)
					}
					undone, givenUp := 0, int64(0)
					hook := hooks.FuncUndo("h",
						func(_ context.Context, p *page) error { p.N++; time.Sleep(tc.ends); return nil },
						func(context.Context, *page) error { undone++; return nil })
					for i := range times {
						state, begun := newPage(), time.Now()
						report, err := x.Execute(t.Context(), state, hook)
						r := report.Results()[0]
						got := counts{r.Outcome, report.Committed, kinds(err), r.Duration, state.N}
						if diff := gocmp.Diff(tc.want, got); diff != "" {
							t.Fatalf("run %d: it ends %s its deadline, and %s (-want +got):\n%s", i, tc.name, tc.reason, diff)
						}
						if took := time.Since(begun); took != tc.want.Took {
							t.Fatalf("run %d: Execute took %v, want %v", i, took, tc.want.Took)
						}
						if r.Abandoned {
							givenUp++
						}
						time.Sleep(time.Second) // what was given up ends, and is undone
					}
					if err := x.Shutdown(t.Context()); err != nil {
						t.Fatal(err)
					}
					m := x.Metrics()
					h := m.Hooks["h"]
					got := fmt.Sprintf("commits %d, failures %d, succeeded %d, timed out %d, runs %d, given up %d, ended %d, undone in line %d, late %d, hook %d, calls %d",
						m.Commits, m.Failures, m.Runs.Succeeded, m.Runs.TimedOut, m.Runs.Total(), m.AbandonedEver, m.LateEnds, m.Rollbacks, m.LateCompensations, h.Rollbacks, undone)
					want := fmt.Sprintf("commits %d, failures 0, succeeded %[1]d, timed out 0, runs %[1]d, given up 0, ended 0, undone in line 0, late 0, hook 0, calls 0", times)
					if !tc.want.Committed {
						want = fmt.Sprintf("commits 0, failures %d, succeeded 0, timed out %[1]d, runs %[1]d, given up %d, ended %[2]d, undone in line %d, late %[2]d, hook %[1]d, calls %[1]d",
							times, givenUp, times-givenUp)
					}
					if got != want {
						t.Errorf("counts:\n got %s\nwant %s", got, want)
					}
					if tc.ends > limit && givenUp != times {
						t.Errorf("%d of %d hooks were given up, want all: they were still running", givenUp, times)
					}
					if got, want := h.Latency.Sum, times*tc.want.Took; got != want {
						t.Errorf("the latencies' sum is %v, want %v", got, want)
					}
				})
			})
		}
	})
}
