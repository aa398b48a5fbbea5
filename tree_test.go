package hooks_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hooktx/hooks"
)

// Random trees of groups against the model in treemodel_test.go.

func TestTreesAgainstTheModel(t *testing.T) {
	committed, played := 0, 0
	check := func(rt *rapid.T) {
		root := drawTree(rt)
		var got treeSeen
		synctest.Test(t, func(t *testing.T) { got = root.play(t) })
		want := root.predict()
		if diff := gocmp.Diff(want, got); diff != "" {
			rt.Fatalf("%s\nThe tree did not do what the model says (-want +got):\n%s", root, diff)
		}
		if played++; got.Failed == "" {
			committed++
		}
	}
	for range 10 { // trees are quickly played
		rapid.Check(t, check)
	}
	t.Logf("%d trees were played, %d committed", played, committed)
}

type treeKind int

const (
	leafNode treeKind = iota
	sequenceNode
	parallelNode
	retryNode
)

// A treeNode is a hook or a group of a plan.
type treeNode struct {
	kind    treeKind
	name    string
	policy  hooks.FailurePolicy
	members []*treeNode

	width    int // of a parallel group, 0: no limit
	attempts int // of a retry

	takes   time.Duration // of a leaf, likewise:
	obeys   bool
	ends    []ending // start by start, and the last one from then on
	undo    *ending
	steps   int
	clashes bool // it writes to a cell that others write to
}

// continues reports whether the chain goes on after a failure of n.
func (n *treeNode) continues() bool { return n.policy == hooks.Continue }

// maxLeaves is how many leaves a tree has at most, but for one.
const maxLeaves = 11

// drawTree draws a tree. Instants do not tie: each leaf takes a different power of 32.
func drawTree(t *rapid.T) *treeNode {
	leaves := 0
	var draw func(depth int, name string) *treeNode
	some := func(n *treeNode, depth int) {
		for i := range rapid.IntRange(1, 4).Draw(t, "members") {
			if i == 0 || leaves < maxLeaves {
				n.members = append(n.members, draw(depth-1, fmt.Sprint("n", i)))
			}
		}
	}
	draw = func(depth int, name string) *treeNode {
		n := &treeNode{name: name}
		if rapid.IntRange(0, 3).Draw(t, "continue") == 0 {
			n.policy = hooks.Continue
		}
		if depth > 0 {
			n.kind = rapid.SampledFrom([]treeKind{leafNode, leafNode, sequenceNode, parallelNode, parallelNode, retryNode}).Draw(t, "kind")
		}
		switch n.kind {
		case sequenceNode:
			some(n, depth)
		case parallelNode:
			n.width = rapid.IntRange(0, 3).Draw(t, "width")
			some(n, depth)
		case retryNode:
			n.attempts = rapid.IntRange(1, 3).Draw(t, "attempts")
			n.members = []*treeNode{draw(depth-1, name)}
			n.members[0].policy = hooks.Abort // it would be the retry's
		default:
			n.drawLeaf(t, leaves)
			leaves++
		}
		return n
	}
	root := &treeNode{kind: sequenceNode}
	some(root, 4)
	return root
}

func (n *treeNode) drawLeaf(t *rapid.T, number int) {
	n.takes = 1 << (5 * number)
	n.obeys = rapid.Bool().Draw(t, "obeys")
	n.ends = rapid.SliceOfN(rapid.SampledFrom([]ending{
		returnsNil, returnsNil, returnsNil, returnsNil, fails, fails, rejects, unknown, skipsRest, panicsText, exits,
	}), 1, 4).Draw(t, "ends")
	if rapid.Bool().Draw(t, "undo") {
		end := rapid.SampledFrom([]ending{returnsNil, returnsNil, returnsNil, returnsNil, fails, panicsText}).Draw(t, "undo ends")
		n.undo = &end
	}
	n.steps = rapid.SampledFrom([]int{0, 0, 0, 2}).Draw(t, "steps")
	n.clashes = rapid.IntRange(0, 5).Draw(t, "clash") == 0
}

// String shows the plan.
func (n *treeNode) String() string {
	var b strings.Builder
	n.show(&b, "")
	return b.String()
}

func (n *treeNode) show(b *strings.Builder, indent string) {
	what := [...]string{"leaf", "sequence", "parallel", "retry"}[n.kind]
	fmt.Fprintf(b, "%s%s %s (%v)", indent, what, n.name, n.policy)
	switch n.kind {
	case leafNode:
		fmt.Fprintf(b, ": takes %v, obeys %v, ends %v, undo %v, %d steps, clashes %v", n.takes, n.obeys, n.ends, n.undo, n.steps, n.clashes)
	case parallelNode:
		fmt.Fprintf(b, " %d at a time", n.width)
	case retryNode:
		fmt.Fprintf(b, " %d attempts", n.attempts)
	}
	b.WriteString("\n")
	for _, m := range n.members {
		m.show(b, indent+"  ")
	}
}

// What is seen of a tree.
type treeSeen struct {
	Tree   string
	State  map[string]string
	Failed string // who is to blame
	Undone []string
	Keys   map[string][]int
	Took   time.Duration
}

func (n *treeNode) predict() treeSeen {
	m := &treeModel{map[string]int{}, map[string]int{}, map[string]hooks.Outcome{}, map[string][]int{}}
	s := m.sequence(n.members, "", stretch{state: map[string]string{}}, math.MaxInt64)
	seen := treeSeen{State: s.state, Keys: m.keys, Took: s.now}
	if s.fail != nil {
		seen.Failed, seen.State = s.fail.path, map[string]string{}
		s.fail = nil
		m.undo(&s, stretch{})
	}
	seen.Tree, seen.Undone = m.tree(n.members, ""), s.undone
	return seen
}

// tree is treeOf for what the model says.
func (m *treeModel) tree(members []*treeNode, prefix string) string {
	var parts []string
	for _, n := range members {
		for n.kind == retryNode {
			n = n.members[0]
		}
		path := prefix + n.name
		outcome, ran := m.outcomes[path]
		if !ran {
			outcome = hooks.OutcomeSkipped
		}
		text := path + " " + outcome.String()
		if m.starts[path] > 1 {
			text += fmt.Sprintf(" x%d", m.starts[path])
		}
		if ran && len(n.members) > 0 {
			text += " (" + m.tree(n.members, path+"/") + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// A sheet is the state of a tree's hooks.
type sheet struct{ Cells map[string]string }

// play runs the tree.
func (n *treeNode) play(t *testing.T) treeSeen {
	p := &treePlayer{starts: map[string]int{}, keys: map[string][]int{}}
	var chain []hooks.Hook[sheet]
	for _, m := range n.members {
		chain = append(chain, p.hook(m))
	}
	x, err := hooks.New[sheet](limits(hooks.NoLimit))
	if err != nil {
		t.Fatal(err)
	}
	state, begun := &sheet{map[string]string{}}, time.Now()
	report, err := x.Execute(hooks.WithExecutionID(t.Context(), "e"), state, chain...)
	seen := treeSeen{Tree: treeOf(report.Results()), State: state.Cells, Keys: p.keys, Took: time.Since(begun), Undone: p.undone(report)}
	if err != nil {
		seen.Failed = failureOf(t, err).Hook
	}
	return seen
}

type treePlayer struct {
	mu     sync.Mutex
	starts map[string]int
	keys   map[string][]int
	undos  map[string][]int // which generation each undo call undid, by `path step`
}

// undone lists the undo calls of a report, each with the effect that it was for.
func (p *treePlayer) undone(report *hooks.Report) (list []string) {
	turn := map[string]int{}
	for _, r := range report.Rollbacks {
		what := fmt.Sprintf("%s step %d", r.Hook, r.Step)
		generation := p.undos[what][turn[what]]
		turn[what]++
		if r.Step == 0 {
			what = r.Hook + " rollback"
		}
		list = append(list, fmt.Sprintf("%s of #%d", what, generation))
	}
	return list
}

func (p *treePlayer) hook(n *treeNode) hooks.Hook[sheet] {
	var members []hooks.Hook[sheet]
	for _, m := range n.members {
		members = append(members, p.hook(m))
	}
	var h hooks.Hook[sheet]
	switch n.kind {
	case leafNode:
		h = p.leaf(n)
	case sequenceNode:
		h = hooks.Sequence(n.name, members...)
	case parallelNode:
		if h = hooks.Parallel(n.name, members...); n.width > 0 {
			h = hooks.ParallelN(n.width, n.name, members...)
		}
	case retryNode:
		h = hooks.Retry(members[0], hooks.RetryPolicy{Attempts: n.attempts})
	}
	return hooks.With(h, func(o *hooks.Options) { o.OnFailure = n.policy })
}

func (p *treePlayer) leaf(n *treeNode) hooks.Hook[sheet] {
	f := hooks.Funcs[sheet]{Name: n.name, Execute: func(ctx context.Context, s *sheet) (any, error) {
		info, _ := hooks.InfoFrom(ctx)
		start := p.start(info)
		for step := 1; step <= n.steps; step++ {
			undo := func(ctx context.Context) error { p.note(ctx, step); return nil }
			if err := hooks.OnRollback(ctx, undo); err != nil {
				return nil, err
			}
		}
		wake := time.NewTimer(n.takes)
		defer wake.Stop()
		if n.obeys {
			select {
			case <-wake.C:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		} else {
			<-wake.C
		}
		s.Cells[info.Hook] = fmt.Sprint("start ", start)
		if n.clashes {
			s.Cells["clash"] = info.Hook
		}
		return nil, n.ends[min(start, len(n.ends))-1].act(errBoom)
	}}
	if n.undo != nil {
		f.Rollback = func(ctx context.Context, _ *sheet) error { p.note(ctx, 0); return n.undo.act(errUndo) }
	}
	return hooks.Define(f)
}

// start counts a start.
func (p *treePlayer) start(info hooks.Info) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starts[info.Hook]++
	p.keys[info.Hook] = append(p.keys[info.Hook], generationOf(info.IdempotencyKey))
	return p.starts[info.Hook]
}

// note notes an undo call.
func (p *treePlayer) note(ctx context.Context, step int) {
	info, _ := hooks.InfoFrom(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.undos == nil {
		p.undos = map[string][]int{}
	}
	what := fmt.Sprintf("%s step %d", info.Hook, step)
	p.undos[what] = append(p.undos[what], generationOf(info.Undoes))
}

// generationOf returns the number at the end of a key.
func generationOf(key string) (n int) {
	_, number, _ := strings.Cut(key, "#")
	fmt.Sscan(number, &n)
	return n
}
