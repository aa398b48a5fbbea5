package deep_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

type hostCell struct {
	n    int
	text string
}

// A hostLink refers to something, so that references to it cannot wait.
type hostLink struct{ n *int }

// straight makes the next copy of a T begin with a straight attempt.
func straight[T any](t *testing.T) {
	t.Helper()
	planCopyOf(t, new(T))
	require.Equal(t, "straight", deep.Attempt[T]())
}

// TestTangled checks that memory in other memory is found, that the next copy of the type expects it, and that this is
// forgotten when it is no longer so.
func TestTangled(t *testing.T) {
	type state struct {
		cell *hostCell
		n    *int
	}
	straight[state](t)
	s := &state{cell: &hostCell{}}
	s.n = &s.cell.n
	for range 3 {
		c := planCopyOf(t, s)
		require.Same(t, &c.cell.n, c.n)
		require.Equal(t, "guided", deep.Attempt[state](), "it was found, and is expected from now on")
	}
	s.n = new(int)
	c := planCopyOf(t, s)
	require.NotSame(t, &c.cell.n, c.n)
	require.Equal(t, "straight", deep.Attempt[state](), "it is forgotten")
	planCopyOf(t, s)
}

// TestTangledHome checks that references into a root that is copied for another variable lead to that, in all attempts.
func TestTangledHome(t *testing.T) {
	type own struct {
		early **int
		self  *own
		x     [3]int
		p     *int
		s     []int
		any   any
		far   []*own
		cells []hostLink
	}
	straight[own](t)
	o := &own{}
	o.self, o.p, o.s, o.any, o.far = o, &o.x[1], o.x[1:], &o.x[2], []*own{o}
	check := func() {
		home := &own{}
		v, info, done, err := deep.PlanCopyFor(reflect.ValueOf(home), reflect.ValueOf(o), deep.Options{})
		require.NoError(t, err)
		require.True(t, done)
		require.True(t, info.RootRefs)
		require.NotSame(t, home, v.Interface())
		deep.Assign(home, v.Interface().(*own))
		require.Same(t, home, home.self)
		require.Same(t, home, home.far[0])
		require.Same(t, &home.x[1], home.p)
		require.Same(t, &home.x[1], &home.s[0])
		require.Same(t, &home.x[2], home.any)
		require.NoError(t, isomorphic(reflect.ValueOf(o), reflect.ValueOf(home)))
	}
	for _, attempt := range []string{"straight", "guided"} {
		require.Equal(t, attempt, deep.Attempt[own]())
		check()
	}
	o.cells = make([]hostLink, 3)
	o.early = &o.cells[1].n // cannot wait
	for _, attempt := range []string{"guided", "surveyed"} {
		require.Equal(t, attempt, deep.Attempt[own]())
		check()
	}
	o.self, o.p, o.s, o.any, o.far = nil, &o.x[1], nil, nil, nil
	_, info, _, err := deep.PlanCopyFor(reflect.ValueOf(new(own)), reflect.ValueOf(o), deep.Options{})
	require.NoError(t, err)
	require.True(t, info.RootRefs, "a pointer to a part is one to the root")
}

// TestRootBesideHosts checks that a pointer to a root which is no host is one to the root in a guided attempt, too.
func TestRootBesideHosts(t *testing.T) {
	type state struct {
		self  *state
		cells []hostCell
		cell  *hostCell
	}
	straight[state](t)
	s := &state{cells: make([]hostCell, 2)}
	s.self, s.cell = s, &s.cells[1]
	for range 3 {
		c := planCopyOf(t, s)
		require.Same(t, c, c.self)
		require.Same(t, &c.cells[1], c.cell)
		require.Equal(t, "guided", deep.Attempt[state]())
		home := &state{}
		shell, info, _, err := deep.PlanCopyFor(reflect.ValueOf(home), reflect.ValueOf(s), deep.Options{})
		require.NoError(t, err)
		require.True(t, info.RootRefs)
		require.Same(t, home, shell.Interface().(*state).self)
	}
}

// TestHosts checks which attempt is enough, and that all find the same copy.
func TestHosts(t *testing.T) {
	cells := func() []hostCell { return []hostCell{{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}} }

	t.Run("elements after their slice", func(t *testing.T) {
		type state struct {
			all  []hostCell
			byID map[string]*hostCell
			text *string
		}
		s := &state{all: cells(), byID: map[string]*hostCell{}}
		s.byID["a"], s.byID["c"], s.text = &s.all[0], &s.all[2], &s.all[3].text
		for range 3 {
			c := planCopyOf(t, s)
			require.Same(t, &c.all[0], c.byID["a"])
			require.Same(t, &c.all[2], c.byID["c"])
			require.Same(t, &c.all[3].text, c.text)
			require.Equal(t, "guided", deep.Attempt[state]())
		}
	})
	t.Run("a field after its variable", func(t *testing.T) {
		type state struct {
			cell *hostCell
			text *string
			in   any
		}
		s := &state{cell: &hostCell{1, "a"}}
		s.text, s.in = &s.cell.text, &s.cell.n
		for range 3 {
			c := planCopyOf(t, s)
			require.Same(t, &c.cell.text, c.text)
			require.Same(t, &c.cell.n, c.in)
			require.Equal(t, "guided", deep.Attempt[state]())
		}
	})
	t.Run("fields before their variables", func(t *testing.T) {
		type state struct {
			numbers []*int
			any     any
			cells   []*hostCell
		}
		straight[state](t)
		s := &state{}
		for i := range 300 {
			cell := &hostCell{n: i}
			s.numbers, s.cells, s.any = append(s.numbers, &cell.n), append(s.cells, cell), &cell.text
		}
		for range 3 {
			c := planCopyOf(t, s)
			require.Same(t, &c.cells[150].n, c.numbers[150])
			require.Same(t, &c.cells[299].text, c.any)
			require.Equal(t, "patient", deep.Attempt[state](), "they wait")
		}
	})
	t.Run("fields that cannot wait before their variables", func(t *testing.T) {
		type state struct {
			numbers []**int
			links   []*hostLink
		}
		straight[state](t)
		s := &state{}
		for range 300 {
			link := &hostLink{new(int)}
			s.numbers, s.links = append(s.numbers, &link.n), append(s.links, link)
		}
		for range 3 {
			c := planCopyOf(t, s)
			require.Same(t, &c.links[150].n, c.numbers[150])
			require.Equal(t, "surveyed", deep.Attempt[state]())
		}
		s.numbers = []**int{new(*int)}
		planCopyOf(t, s)
		require.Equal(t, "straight", deep.Attempt[state]())
	})
	t.Run("elements before their slice", func(t *testing.T) {
		type state struct {
			one *hostCell
			all []hostCell
		}
		straight[state](t)
		s := &state{all: cells()}
		s.one = &s.all[1]
		for range 3 {
			c := planCopyOf(t, s)
			require.Same(t, &c.all[1], c.one)
			require.Equal(t, "patient", deep.Attempt[state]())
		}
		s.one = &hostCell{}
		planCopyOf(t, s)
		require.Equal(t, "straight", deep.Attempt[state]())
	})
	t.Run("elements in a map before their slice", func(t *testing.T) {
		type state struct {
			byID  map[string]*hostCell
			byN   map[int]any
			pairs map[*hostCell]*int
			all   []hostCell
		}
		straight[state](t)
		s := &state{all: cells()}
		s.byID, s.byN = map[string]*hostCell{"c": &s.all[2]}, map[int]any{4: &s.all[3].n}
		s.pairs = map[*hostCell]*int{&s.all[0]: &s.all[1].n}
		for range 3 {
			c := planCopyOf(t, s)
			require.Same(t, &c.all[2], c.byID["c"])
			require.Same(t, &c.all[3].n, c.byN[4])
			require.Same(t, &c.all[1].n, c.pairs[&c.all[0]])
			require.Equal(t, "patient", deep.Attempt[state](), "maps wait")
		}
	})
	t.Run("windows", func(t *testing.T) {
		type state struct{ first, second, third []hostCell }
		all := cells()
		straight[state](t)
		s := &state{all, all[1:3:3], all[2:]}
		for range 3 {
			c := planCopyOf(t, s)
			require.Same(t, &c.first[1], &c.second[0])
			require.Same(t, &c.first[2], &c.third[0])
			require.Equal(t, 2, cap(c.second), "the capacity is the length")
			require.Equal(t, "guided", deep.Attempt[state]())
		}
		s.first = all[:3]
		for range 3 {
			c := planCopyOf(t, s)
			require.Same(t, &c.first[2], &c.third[0])
			require.Equal(t, "patient", deep.Attempt[state](), "the third goes beyond the first")
		}
	})
	t.Run("windows that touch", func(t *testing.T) {
		type state struct{ first, second, third []hostCell }
		all := cells()
		s := &state{all[2:], all[:2:2], all[3:]}
		for range 3 {
			c := planCopyOf(t, s)
			require.Same(t, &c.first[1], &c.third[0])
		}
	})
	t.Run("windows that grow", func(t *testing.T) {
		type state struct {
			wins [][]hostCell
			last *hostCell
		}
		all := append(cells(), cells()...)
		s := &state{wins: [][]hostCell{all[4:5:5], all[4:7:7], all[3:6:6], all[:1:1], all[:2:2], all[4:5:5]}, last: &all[7]}
		more := append(cells(), cells()...)
		s.wins = append(s.wins, more[:3:3], more[:5:5], more[1:4:4]) // of about one size
		for range 3 {
			c := planCopyOf(t, s)
			require.Same(t, &c.wins[1][1], &c.wins[2][2])
			require.Same(t, &c.wins[3][0], &c.wins[4][0])
		}
	})
	t.Run("windows that cannot wait", func(t *testing.T) {
		type state struct{ first, second []hostLink }
		all := []hostLink{{new(int)}, {}, {new(int)}}
		straight[state](t)
		s := &state{all[:2], all[1:]}
		for range 3 {
			c := planCopyOf(t, s)
			require.Same(t, &c.first[1], &c.second[0])
			require.Equal(t, "surveyed", deep.Attempt[state]())
		}
	})
	t.Run("many hosts", func(t *testing.T) {
		type state struct {
			lists [40][]hostLink
			big   []hostLink
			after []**int
		}
		straight[state](t)
		s := &state{big: make([]hostLink, 3000)}
		for i := range s.lists {
			s.lists[i] = make([]hostLink, 1+i)
			s.after = append(s.after, &s.lists[i][i].n, &s.big[i*i].n)
		}
		for range 3 {
			c := planCopyOf(t, s)
			for i := range s.lists {
				require.Same(t, &c.lists[i][i].n, c.after[2*i])
				require.Same(t, &c.big[i*i].n, c.after[2*i+1])
			}
			require.Equal(t, "guided", deep.Attempt[state]())
		}
	})
	t.Run("a ring with its root inside", func(t *testing.T) {
		type ring struct{ next, prev *ring }
		type list struct {
			root ring
			n    int
		}
		type state struct{ lists []*list }
		straight[state](t)
		s := &state{}
		for range 20 {
			l, e := &list{}, &ring{}
			l.root, *e = ring{e, e}, ring{&l.root, &l.root}
			s.lists = append(s.lists, l)
		}
		for range 3 {
			c := planCopyOf(t, s)
			for _, l := range c.lists {
				require.Same(t, &l.root, l.root.next.next)
				require.Same(t, &l.root, l.root.prev.prev)
			}
			require.Equal(t, "guided", deep.Attempt[state]())
		}
	})
	t.Run("one that holds itself by interfaces", func(t *testing.T) {
		pair := &[2]any{}
		pair[0], pair[1] = &pair[1], any(&hostCell{})
		for range 3 {
			c := planCopyOf(t, pair)
			require.Same(t, &c[1], c[0])
		}
	})
}

// TestTaggedHost checks that it is not for a guided attempt to say what a guest of another type may see.
func TestTaggedHost(t *testing.T) {
	s := &struct {
		all []genPair
		one *genShared
		any *genPair
	}{all: []genPair{{1, new(int)}, {2, new(int)}}}
	s.any = &s.all[0]
	planCopyOf(t, s) // so that the next attempt is a guided one
	s.one = (*genShared)(&s.all[1])
	for range 3 {
		_, _, done, err := deep.PlanCopy(reflect.ValueOf(s), deep.Options{})
		require.NoError(t, err)
		require.False(t, done)
	}
}

// TestLimitOfTangled checks that memory in other memory is counted once, and refused to the byte, by every attempt.
func TestLimitOfTangled(t *testing.T) {
	type state struct {
		before *hostCell
		all    []hostCell
		after  *hostCell

		windows [][]hostCell
	}
	s := &state{all: []hostCell{{1, "abc"}, {2, "de"}}}
	for _, set := range []func(){
		func() { s.after = &s.all[1] },
		func() { s.before = &s.all[0] },
		func() { s.windows = [][]hostCell{s.all[:1:1], s.all[1:]} },
	} {
		set()
		size, err := deep.ObviousSize(reflect.ValueOf(s), deep.Options{})
		require.NoError(t, err)
		for range 3 {
			_, info, err := deep.Copy(s, deep.Options{Limit: size})
			require.NoError(t, err)
			require.Equal(t, size, info.Size)
			_, _, err = deep.Copy(s, deep.Options{Limit: size - 1})
			require.True(t, tooLarge(err), "%v", err)
		}
	}
}
