package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hooktx/hooks"
)

// Random chains over cells, in which others get in between, against a sequential model of what
// Shared promises.

const modelCells, modelRounds = 3, 3

// A cellOp is a step of a hook.
type cellOp struct {
	Kind string // read, edit, or others: another execution changes the cell meanwhile
	Key  int
	By   int
}

// A cellHook is a hook. Others get in between in its rounds up to Until.
type cellHook struct {
	Ops      []cellOp
	Until    int
	End      string // ok, fail, panic, skip
	Continue bool
	Swallow  bool // it makes a success of a conflict
	Group    bool // it is in a sequence with a second hook, which does nothing
}

// A cellChain is an execution.
type cellChain struct {
	Hooks []cellHook
	Home  int // the key of the cell whose value is the state; -1: a plain Execute, -2: a dry run
}

// What can be seen of an execution.
type cellsSeen struct {
	Diary   []string
	Values  [modelCells]int
	Numbers [modelCells]uint64
	Rounds  int
	Failed  string
}

func TestCellsAgainstTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cells [modelCells]*hooks.Shared[int]
		m := cellModel{}
		for i := range cells {
			cells[i], _ = hooks.NewShared(0)
			m.number[i] = 1
		}
		cfg := hooks.Config{Execution: hooks.ExecutionConfig{MaxRounds: modelRounds}}
		x, err := hooks.New[int](cfg)
		require.NoError(t, err)
		for range rapid.IntRange(1, 5).Draw(t, "executions") {
			chain := drawChain(t)
			m.diary = nil
			want, got := m.execute(chain), playChain(t, x, cells, chain)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%+v\n\ndid not do what the model says (-want +got):\n%s", chain, diff)
			}
		}
		if got := x.Metrics().Conflicts; got != m.lost {
			t.Fatalf("%d rounds were lost, the model says %d", got, m.lost)
		}
	})
}

func drawChain(t *rapid.T) (c cellChain) {
	c.Home = rapid.IntRange(-2, modelCells-1).Draw(t, "home")
	for range rapid.IntRange(1, 4).Draw(t, "hooks") {
		h := cellHook{
			Until:    rapid.IntRange(0, modelRounds).Draw(t, "until"),
			End:      rapid.SampledFrom([]string{"ok", "ok", "ok", "fail", "panic", "skip"}).Draw(t, "end"),
			Continue: rapid.Bool().Draw(t, "continue"), Swallow: rapid.Bool().Draw(t, "swallow"), Group: rapid.Bool().Draw(t, "group"),
		}
		for range rapid.IntRange(0, 4).Draw(t, "ops") {
			h.Ops = append(h.Ops, cellOp{
				Kind: rapid.SampledFrom([]string{"read", "edit", "others"}).Draw(t, "kind"),
				Key:  rapid.IntRange(0, modelCells-1).Draw(t, "key"), By: rapid.IntRange(1, 9).Draw(t, "by"),
			})
		}
		c.Hooks = append(c.Hooks, h)
	}
	return c
}

// playChain runs the chain.
func playChain(t *rapid.T, x *hooks.Executor[int], cells [modelCells]*hooks.Shared[int], c cellChain) (seen cellsSeen) {
	var d diary
	var chain []hooks.Hook[int]
	for i, h := range c.Hooks {
		name := fmt.Sprint("h", i)
		hook := hooks.Func(name, func(ctx context.Context, state *int) error { return h.play(ctx, &d, name, cells, c.Home, state) })
		if h.Group {
			hook = hooks.Sequence("s"+name, hook, hooks.Func("then", func(context.Context, *int) error { return nil }))
		}
		if h.Continue {
			hook = continuing(hook)
		}
		chain = append(chain, hook)
	}
	var report *hooks.Report
	var err error
	switch {
	case c.Home >= 0:
		report, err = x.ExecuteShared(context.Background(), cells[c.Home], chain...)
	case c.Home == -1:
		report, err = x.Execute(context.Background(), new(int), chain...)
	default:
		report, err = x.DryRun(context.Background(), new(int), chain...)
	}
	seen = cellsSeen{Diary: d.read(), Rounds: report.Rounds}
	for i, cell := range cells {
		seen.Values[i], seen.Numbers[i] = cell.Load(), cell.Version()
	}
	switch {
	case errors.Is(err, hooks.ErrConflict):
		seen.Failed = "conflict"
	case err != nil:
		seen.Failed = "failed"
	}
	return seen
}

func (h *cellHook) play(ctx context.Context, d *diary, name string, cells [modelCells]*hooks.Shared[int], home int, state *int) error {
	info, _ := hooks.InfoFrom(ctx)
	for _, o := range h.Ops {
		cell := cells[o.Key]
		if o.Kind == "others" {
			if info.Round <= h.Until {
				if err := hooks.Atomically(context.Background(), func(ctx context.Context) error { return add(ctx, cell, o.By) }); err != nil {
					return err
				}
			}
			continue
		}
		v, err := state, error(nil)
		if o.Key != home {
			if o.Kind == "edit" {
				v, err = cell.Edit(ctx)
			} else {
				v = new(int)
				*v, err = cell.Read(ctx)
			}
		}
		if err != nil {
			d.add("%s: %d conflict", name, o.Key)
			if h.Swallow {
				return nil
			}
			return err
		}
		d.add("%s: %d is %d", name, o.Key, *v)
		if o.Kind == "edit" {
			*v += o.By
		}
	}
	switch h.End {
	case "fail":
		return errBroken
	case "panic":
		panic("bad")
	case "skip":
		return hooks.SkipRest
	}
	return nil
}

// A cellModel is the cells as they are.
type cellModel struct {
	value   [modelCells]int
	changed [modelCells]int // when, on the clock
	number  [modelCells]uint64
	clock   int
	lost    int64
	diary   []string
}

func (m *cellModel) commit(values map[int]int) {
	m.clock++
	for key, v := range values {
		m.value[key], m.changed[key], m.number[key] = v, m.clock, m.number[key]+1
	}
}

func (m *cellModel) execute(c cellChain) (seen cellsSeen) {
	for seen.Rounds = 1; ; seen.Rounds++ {
		r := roundModel{m: m, chain: &c, number: seen.Rounds, looked: map[int]int{}, found: map[int]int{}, edits: map[int]int{}}
		seen.Failed = r.run()
		if seen.Failed != "conflict" {
			break
		}
		if m.lost++; seen.Rounds == modelRounds {
			break
		}
	}
	seen.Diary, seen.Values, seen.Numbers = m.diary, m.value, m.number
	return seen
}

// A roundModel is one round.
type roundModel struct {
	m       *cellModel
	chain   *cellChain
	number  int
	instant int
	looked  map[int]int // when the version that was read was made, by key
	found   map[int]int // its value
	edits   map[int]int
	lost    bool
}

// look returns false if the cell cannot be read together with those before.
func (r *roundModel) look(key int) bool {
	if _, known := r.looked[key]; known {
		return true
	}
	if len(r.looked) == 0 {
		r.instant = r.m.clock
	}
	if r.lost {
		return false
	}
	if r.m.changed[key] > r.instant {
		if r.lost = !r.current(); r.lost {
			return false
		}
		r.instant = r.m.clock
	}
	r.looked[key], r.found[key] = r.m.changed[key], r.m.value[key]
	return true
}

func (r *roundModel) current() bool {
	for key, at := range r.looked {
		if r.m.changed[key] != at {
			return false
		}
	}
	return true
}

// run returns what the round has failed with.
func (r *roundModel) run() string {
	if r.chain.Home >= 0 {
		r.look(r.chain.Home)
	}
	for i := range r.chain.Hooks {
		h := &r.chain.Hooks[i]
		before := maps.Clone(r.edits)
		end := r.hook(h, fmt.Sprint("h", i))
		switch {
		case r.lost:
			return "conflict"
		case end == "skip":
			return r.end()
		case end == "ok":
		case h.Continue:
			r.edits = before
		default:
			return "failed"
		}
	}
	return r.end()
}

func (r *roundModel) hook(h *cellHook, name string) string {
	home := r.chain.Home
	for _, o := range h.Ops {
		switch {
		case o.Kind == "others":
			if r.number <= h.Until {
				r.m.commit(map[int]int{o.Key: r.m.value[o.Key] + o.By})
			}
			continue
		case o.Key != home && !r.look(o.Key):
			r.m.diary = append(r.m.diary, fmt.Sprintf("%s: %d conflict", name, o.Key))
			return "ok"
		}
		v, edited := r.edits[o.Key]
		if !edited {
			v = r.found[o.Key]
		}
		r.m.diary = append(r.m.diary, fmt.Sprintf("%s: %d is %d", name, o.Key, v))
		if o.Kind == "edit" {
			r.edits[o.Key] = v + o.By
		}
	}
	if home >= 0 && (h.End == "ok" || h.End == "skip") { // what a hook has worked on is a new version
		if _, edited := r.edits[home]; !edited {
			r.edits[home] = r.found[home]
		}
	}
	return h.End
}

func (r *roundModel) end() string {
	switch {
	case r.chain.Home == -2 || len(r.edits) == 0:
		return ""
	case !r.current():
		return "conflict"
	}
	r.m.commit(r.edits)
	return ""
}
