package hookstest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hooktx/hooks"
)

// A Recorder writes down what happens in executions, a line for each thing, in the order in which
// it happens:
//
//	reserve succeeded
//	charge failed: card declined
//	reserve undone
//	reserve step 1 undone
//	rolled back: hooks: execute "charge": card declined
//
// Other lines are `committed`, `dry run`, `charge abandoned`, `charge ended late`
// and `charge undo failed: ...`. An effect that is not
// certain is `charge undone (unknown)`. What does not run is not written down. Late compensations are `charge undone late`.
//
// The zero Recorder is ready to use, and safe for concurrent use.
type Recorder struct {
	mu    sync.Mutex
	lines []string
}

// Trace returns the callbacks that write to r, for Config.Trace.
func (r *Recorder) Trace() *hooks.Trace {
	return &hooks.Trace{
		HookEnd: func(_ context.Context, info hooks.Info, result *hooks.Result) {
			r.add(info.Hook+" "+result.Outcome.String(), result.Err)
		},
		RollbackEnd: func(_ context.Context, _ hooks.Info, result *hooks.RollbackResult) {
			r.add(undoLine(result), result.Err)
		},
		Abandoned: func(_ context.Context, call hooks.AbandonedHook) { r.add(callName(call)+" abandoned", nil) },
		LateEnd:   func(_ context.Context, call hooks.AbandonedHook) { r.add(callName(call)+" ended late", nil) },
		ExecutionEnd: func(_ context.Context, report *hooks.Report, err error) {
			switch {
			case report.Committed:
				r.add("committed", nil)
			case err == nil:
				r.add("dry run", nil)
			default:
				r.add("rolled back", err)
			}
		},
	}
}

// callName is how an abandoned call is named: an Execute by its hook alone.
func callName(call hooks.AbandonedHook) string {
	if call.Phase == hooks.PhaseExecute {
		return call.Hook
	}
	return call.Phase.String() + " of " + call.Hook
}

func undoLine(r *hooks.RollbackResult) string {
	line := r.Hook
	if r.Step > 0 {
		line += fmt.Sprintf(" step %d", r.Step)
	}
	if r.Err != nil {
		return line + " undo failed"
	}
	line += " undone"
	if r.Effect == hooks.EffectUnknown {
		line += " (unknown)"
	}
	if r.Late {
		line += " late"
	}
	return line
}

func (r *Recorder) add(line string, err error) {
	if err != nil {
		line += ": " + err.Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

// Lines returns what was written down. The slice is the caller's.
func (r *Recorder) Lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// Reset forgets what was written down.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = nil
}

// Expect fails the test if what was written down is not what was wanted, line by line, and then
// forgets it. What stands behind a colon may be left out: `charge failed` stands for
// `charge failed: card declined`. Several lines in one, joined by " & ", may come in any order:
// those of members of a Parallel group.
func (r *Recorder) Expect(t testing.TB, want ...string) {
	t.Helper()
	got := r.Lines()
	r.Reset()
	if diff := cmp.Diff(want, asWanted(got, want)); diff != "" {
		t.Errorf("hookstest: what happened is not what was expected (-want +got):\n%s", diff)
	}
}

// asWanted returns the lines in the form of the wanted ones that they match.
func asWanted(got, want []string) (lines []string) {
	for len(got) > 0 {
		n := 1
		if len(lines) < len(want) {
			wanted := []string{want[len(lines)]}
			if !matches(got[:1], wanted) { // else it is the name that has such a thing in it
				wanted = strings.Split(want[len(lines)], " & ")
			}
			n = min(len(wanted), len(got))
			if matches(got[:n], wanted) {
				lines, got = append(lines, want[len(lines)]), got[n:]
				continue
			}
		}
		lines, got = append(lines, strings.Join(got[:n], " & ")), got[n:]
	}
	return lines
}

// matches reports whether there is a line for each wanted one, in any order.
func matches(got, wanted []string) bool {
	left := slices.Clone(got)
	for _, w := range wanted {
		i := slices.IndexFunc(left, func(line string) bool { return line == w || strings.HasPrefix(line, w+": ") })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return len(left) == 0
}
