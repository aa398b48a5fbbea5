package hookstest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/hookstest"
)

type order struct {
	Total int
	Note  string
	Paid  bool
	Lines []string
}

func newOrder() *order { return &order{Total: 5, Note: "n", Lines: []string{"tea"}} }

// A bank is a provider that tells effects apart by their keys.
type bank struct {
	mu      sync.Mutex
	booked  map[string]int
	balance int
}

func (b *bank) charge(key string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.booked[key]; !known {
		b.booked[key] = n
		b.balance += n
	}
}

func (b *bank) refund(key string) (found bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, found := b.booked[key]
	delete(b.booked, key)
	b.balance -= n
	return found
}

func (b *bank) take(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.balance -= n
}

func (b *bank) look() any {
	b.mu.Lock()
	defer b.mu.Unlock()
	return []any{maps.Clone(b.booked), b.balance}
}

// A capture is a test that remembers what is wrong instead of failing.
type capture struct {
	testing.TB
	mu    sync.Mutex
	texts []string
}

func (c *capture) Helper() {}

func (c *capture) Errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.texts = append(c.texts, fmt.Sprintf(format, args...))
}

// A site is what a sample hook works with. It is made anew for each trial.
type site struct {
	*bank
	release chan struct{} // closed at the end of the test

	last    *order
	calls   atomic.Int64
	busy    atomic.Bool
	undoing int
}

// charges and refunds are what a good hook does.
func (s *site) charges(ctx context.Context, o *order) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	info, _ := hooks.InfoFrom(ctx)
	s.charge(info.IdempotencyKey, o.Total)
	o.Paid = true
	return "receipt", nil
}

func (s *site) refunds(ctx context.Context, _ *order) error {
	info, _ := hooks.InfoFrom(ctx)
	s.refund(info.Undoes)
	return nil
}

// good is a hook that does nothing wrong.
func good(s *site) hooks.Funcs[order] {
	return hooks.Funcs[order]{Name: "sample", Execute: s.charges, Rollback: s.refunds}
}

// quiet is one without effects.
func quiet(do func(ctx context.Context, o *order) error) hooks.Funcs[order] {
	return hooks.Funcs[order]{Name: "sample", Execute: func(ctx context.Context, o *order) (any, error) { return nil, do(ctx, o) }}
}

// A sample is a hook with a fault.
type sample struct {
	fault string
	hook  func(s *site) hooks.Funcs[order]
	want  []string // beginnings of what is said, all of it
}

// samples are hooks with one fault each, and what Check says of them.
var samples = []sample{
	{"none", good, nil},
	{"none, without effects", func(*site) hooks.Funcs[order] {
		return quiet(func(_ context.Context, o *order) error { o.Paid = true; return nil })
	}, nil},
	{"it has no name", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Name = ""
		return f
	}, []string{"an executor would refuse the hook: hook has an empty name"}},
	{"it fails", func(*site) hooks.Funcs[order] {
		return quiet(func(context.Context, *order) error { return errors.New("no luck") })
	}, []string{"fails on the state that newState makes: no luck"}},
	{"it ignores its context", func(*site) hooks.Funcs[order] {
		return quiet(func(context.Context, *order) error { time.Sleep(10 * time.Second); return nil })
	}, []string{"ignores its context: execute was still running 1s after that had ended"}},
	{"it leaves a goroutine behind", func(s *site) hooks.Funcs[order] {
		return quiet(func(context.Context, *order) error {
			go func() { <-s.release }()
			return nil
		})
	}, []string{"leaves a goroutine behind: it was still there 1s after all else had ended:\n#\t0x"}},
	{racy + "it writes to a state that it has kept", func(s *site) hooks.Funcs[order] {
		return quiet(func(_ context.Context, o *order) error {
			if s.last != nil {
				s.last.Note = "again"
			}
			s.last = o
			return nil
		})
	}, []string{`keeps the state, and writes to it after it has returned: Note: "n" → "again"`, "keeps the state, and writes to it after it has returned: Note:"}},
	{racy + "it reads a state that it has kept", func(s *site) hooks.Funcs[order] {
		return quiet(func(_ context.Context, o *order) error {
			if s.last == nil {
				s.last = o
			}
			o.Note = s.last.Note + "!"
			return nil
		})
	}, []string{"keeps the state: what it does to another one is no longer the same once the first was overwritten: the state: Note:",
		"is disturbed by another execution at the same time: the state: Note:"}},
	{"it says ReadOnly and writes", func(*site) hooks.Funcs[order] {
		f := quiet(func(_ context.Context, o *order) error { o.Lines[0] = "cup"; return nil })
		f.ReadOnly = true
		return f
	}, []string{`changes the state where it should only look, in execute: Lines[0]: "tea" → "cup"`}},
	{"it changes the state in ValidateEvent", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.ValidateEvent = func(_ context.Context, o *order) error { o.Total = 6; return nil }
		return f
	}, []string{"changes the state where it should only look, in validate event: Total: 5 → 6"}},
	{"its result is never the same", func(*site) hooks.Funcs[order] {
		return hooks.Funcs[order]{Name: "sample", Execute: func(context.Context, *order) (any, error) { return serial.Add(1), nil }}
	}, []string{"is not the same each time, with everything made anew (if it must not be, say MayVary): its result: .:"}},
	{"its Rollback undoes nothing", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Rollback = func(context.Context, *order) error { return nil }
		return f
	}, []string{"is not undone by Rollback after a success:", "is not undone by Rollback after an unknown outcome:",
		"is not undone by Rollback if a later BeforeCommit function fails:", "is not undone by Rollback the second time:"}},
	{"its Rollback fails", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Rollback = func(ctx context.Context, o *order) error { return errors.Join(s.refunds(ctx, o), errors.New("sorry")) }
		return f
	}, []string{"fails in Rollback after a success: sorry", "fails in Rollback if a later BeforeCommit function fails: sorry", "fails in Rollback after an unknown outcome: sorry",
		"fails in Rollback if there is nothing to undo: sorry", "fails in Rollback the second time: sorry"}},
	{"its Rollback does more each time", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Rollback = func(ctx context.Context, o *order) error {
			if s.undoing++; s.undoing > 1 {
				s.take(o.Total)
			}
			return s.refunds(ctx, o)
		}
		return f
	}, []string{"is not undone by Rollback the second time: [1]: 0 → -5"}},
	{"its Rollback panics the second time", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Rollback = func(ctx context.Context, o *order) error {
			if s.undoing++; s.undoing > 1 {
				panic("gone")
			}
			return s.refunds(ctx, o)
		}
		return f
	}, []string{"fails in Rollback the second time: panic: gone"}},
	{"its Rollback does harm if there is nothing to undo", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Rollback = func(ctx context.Context, o *order) error {
			info, _ := hooks.InfoFrom(ctx)
			if !s.refund(info.Undoes) && info.Effect == hooks.EffectUnknown {
				s.take(o.Total)
			}
			return nil
		}
		return f
	}, []string{"is not undone by Rollback if there is nothing to undo: [1]: 0 → -5"}},
	{"it looks at what is only known of a success", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Rollback = func(ctx context.Context, o *order) error {
			if info, _ := hooks.InfoFrom(ctx); info.Result.(string) != "" {
				return s.refunds(ctx, o)
			}
			return nil
		}
		return f
	}, []string{"fails in Rollback after an unknown outcome: panic:", "is not undone by Rollback after an unknown outcome:",
		"fails in Rollback if there is nothing to undo: panic:"}},
	{"it has an effect that nothing undoes", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Rollback = nil
		return f
	}, []string{"has an effect that nothing undoes after a success:", "has an effect that nothing undoes if a later BeforeCommit function fails:", "has effects in a dry run:"}},
	{"it has an effect and says that it has failed", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Execute = func(ctx context.Context, o *order) (any, error) {
			v, err := s.charges(context.WithoutCancel(ctx), o)
			return v, errors.Join(err, ctx.Err())
		}
		return f
	}, []string{"has an effect that nothing undoes if its context has ended:"}},
	{"it works once", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Execute = func(ctx context.Context, o *order) (any, error) {
			if s.calls.Add(1) > 1 {
				return nil, hooks.Reject("sold out")
			}
			return s.charges(ctx, o)
		}
		return f
	}, []string{"fails if it is tried again after it was undone: sold out"}},
	{"it works only as the first of its chain", func(*site) hooks.Funcs[order] {
		return quiet(func(ctx context.Context, o *order) error {
			info, _ := hooks.InfoFrom(ctx)
			if o.Total += info.Index; info.Index > 0 {
				return errors.New("who was that?")
			}
			return nil
		})
	}, []string{"fails if a hook before it has failed: who was that?"}},
	{"it counts the hooks before it", func(*site) hooks.Funcs[order] {
		return quiet(func(ctx context.Context, o *order) error {
			info, _ := hooks.InfoFrom(ctx)
			o.Total += info.Index
			return nil
		})
	}, []string{"is not the same if a hook before it has failed: the state: Total: 5 → 6"}},
	{"it has effects in a dry run", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.DryRunnable = true
		return f
	}, []string{"has effects in a dry run: [0]"}},
	{"it is for one at a time", func(s *site) hooks.Funcs[order] {
		return quiet(func(context.Context, *order) error {
			if s.busy.Swap(true) {
				return errors.New("busy")
			}
			defer s.busy.Store(false)
			time.Sleep(time.Millisecond)
			return nil
		})
	}, []string{"fails if another execution runs it at the same time (a hook that must say no returns a Reject): busy"}},
	{"it mixes up two executions", func(s *site) hooks.Funcs[order] {
		return quiet(func(_ context.Context, o *order) error {
			s.calls.Add(1)
			time.Sleep(time.Millisecond)
			o.Total += int(s.calls.Swap(0))
			return nil
		})
	}, []string{"is disturbed by another execution at the same time: the state: Total: 6 → 7",
		"is disturbed by another execution at the same time: the state: Total: 6 → 5"}},
}

// moreSamples are hooks with faults that were passed over once.
var moreSamples = []sample{
	{"it says Continue and fails", func(*site) hooks.Funcs[order] {
		f := quiet(func(context.Context, *order) error { return errors.New("no luck") })
		f.OnFailure = hooks.Continue
		return f
	}, []string{"fails on the state that newState makes: no luck"}},
	{"it ends the chain, and its Rollback undoes nothing", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Execute = func(ctx context.Context, o *order) (any, error) {
			v, err := s.charges(ctx, o)
			return v, errors.Join(err, hooks.SkipRest)
		}
		f.Rollback = func(context.Context, *order) error { return nil }
		return f
	}, []string{"is not undone by Rollback after a success:", "is not undone by Rollback after an unknown outcome:",
		"is not undone by Rollback if a later BeforeCommit function fails:", "is not undone by Rollback the second time:"}},
	{"it leaves a goroutine behind in Rollback", func(s *site) hooks.Funcs[order] {
		f := good(s)
		f.Rollback = func(ctx context.Context, o *order) error {
			go func() { <-s.release }()
			return s.refunds(ctx, o)
		}
		return f
	}, []string{"leaves a goroutine behind:"}},
	{"its OnCommit function fails", func(*site) hooks.Funcs[order] {
		return quiet(func(ctx context.Context, _ *order) error {
			return hooks.OnCommit(ctx, func(context.Context) error { return errors.New("no mail") })
		})
	}, []string{"fails in its OnCommit function: no mail"}},
	{"nothing undoes what its BeforeCommit function has done", func(s *site) hooks.Funcs[order] {
		return quiet(func(ctx context.Context, o *order) error {
			info, _ := hooks.InfoFrom(ctx)
			return hooks.BeforeCommit(ctx, func(context.Context) error { s.charge(info.IdempotencyKey, o.Total); return nil })
		})
	}, []string{"has an effect that nothing undoes if a later BeforeCommit function fails:"}},
}

var serial atomic.Int64

// racy is the beginning of the name of a fault that is a data race as well.
const racy = "data race: "

func TestCheckFindsEachFault(t *testing.T) {
	for _, tt := range slices.Concat(samples, moreSamples) {
		t.Run(tt.fault, func(t *testing.T) {
			if raceEnabled && strings.HasPrefix(tt.fault, racy) {
				t.Skip("the race detector finds it first")
			}
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				var s *site
				c := &capture{TB: t}
				hookstest.Check(c, func() hooks.Hook[order] {
					s = &site{bank: &bank{booked: map[string]int{}}, release: release}
					return hooks.Define(tt.hook(s))
				}, newOrder, hookstest.World(func() any { return s.look() }))
				close(release)
				time.Sleep(time.Hour) // until all that was abandoned has ended
				requireFindings(t, tt.want, c.texts)
			})
		})
	}
}

// requireFindings checks that there are as many findings as wanted ones, and begin like these. The order of two
// executions at the same time is open.
func requireFindings(t *testing.T, want, got []string) {
	t.Helper()
	left := append([]string(nil), got...)
	for _, w := range want {
		for i, text := range left {
			text = strings.TrimPrefix(strings.TrimPrefix(text, "hookstest: "), `hook "sample" `)
			if strings.HasPrefix(text, w) {
				left = append(left[:i:i], left[i+1:]...)
				w = ""
				break
			}
		}
		assert.Empty(t, w, "not found; said was: %q", got)
	}
	assert.Empty(t, left, "more than was wanted")
}

func TestCheckOptions(t *testing.T) {
	c := &capture{TB: t}
	hookstest.Check(c, func() hooks.Hook[order] {
		return hooks.Define(hooks.Funcs[order]{Name: "sample", Execute: func(context.Context, *order) (any, error) { return serial.Add(1), nil }})
	}, newOrder, hookstest.MayVary())
	assert.Empty(t, c.texts, "MayVary")

	synctest.Test(t, func(t *testing.T) {
		c := &capture{TB: t}
		begun := time.Now()
		hookstest.Check(c, func() hooks.Hook[order] {
			return hooks.Func("sample", func(context.Context, *order) error { time.Sleep(time.Second); return nil })
		}, newOrder, hookstest.Patience(10*time.Second))
		assert.Empty(t, c.texts, "Patience")
		assert.Less(t, time.Since(begun), time.Minute)
	})
}

// A group is checked as one hook.
func TestCheckTakesGroups(t *testing.T) {
	synctest.Test(t, checkGroups)
}

func checkGroups(t *testing.T) {
	for _, undo := range []bool{true, false} {
		var s *site
		c := &capture{TB: t}
		hookstest.Check(c, func() hooks.Hook[order] {
			s = &site{bank: &bank{booked: map[string]int{}}}
			f := good(s)
			if !undo {
				f.Rollback = nil
			}
			return hooks.Sequence("sample", hooks.Define(f), hooks.Parallel("both",
				hooks.Func("a", func(_ context.Context, o *order) error { o.Note = "a"; return nil }),
				hooks.Func("b", func(_ context.Context, o *order) error { o.Lines = nil; return nil })))
		}, newOrder, hookstest.World(func() any { return s.look() }))
		if undo {
			assert.Empty(t, c.texts)
		} else {
			requireFindings(t, []string{"has an effect that nothing undoes after a success", "has an effect that nothing undoes if a later", "has effects in a dry run"}, c.texts)
		}
	}
}

type panicky struct{ hooks.Hook[order] }

// Bad arguments are told in words of this package.
func TestCheckOfWhatCannotBeChecked(t *testing.T) {
	c := &capture{TB: t}
	hookstest.Check(c, func() hooks.Hook[order] { return panicky{} }, newOrder)
	requireFindings(t, []string{"an executor would refuse the hook: its Name or Options panicked: runtime error: invalid memory"}, c.texts)
	for _, d := range []time.Duration{0, -1, hooks.NoLimit} {
		assert.PanicsWithValue(t, fmt.Sprintf("hookstest: the Patience is %v; it must be more than 0, and 1h0m0s at most", d), func() {
			hookstest.Check(&watch{TB: t}, func() hooks.Hook[order] { return do("a", nil) }, newOrder, hookstest.Patience(d))
		})
	}
}
