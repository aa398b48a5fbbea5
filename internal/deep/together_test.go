package deep_test

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// A doing copies itself after it has done something.
type doing struct {
	n  int
	do func()
}

func (x *doing) DeepCopy() *doing {
	if x.do != nil {
		x.do()
	}
	return &doing{x.n + 1, x.do}
}

// A doingValue is a doing that is returned by value.
type doingValue struct {
	n  *int
	do func()
}

func (x doingValue) DeepCopy() doingValue {
	if x.do != nil {
		x.do()
	}
	return doingValue{new(*x.n + 1), x.do}
}

// A doingMany has methods in all kinds of places.
type doingMany struct {
	Ptrs   []*doing
	Values []doingValue
	One    doing
	Map    map[string]*doing
	Any    any
}

func makeDoing(do func(i int) func()) *doingMany {
	m := &doingMany{One: doing{1, do(0)}, Map: map[string]*doing{"key": {2, do(1)}}, Any: &doing{3, do(2)}}
	for i := range 5 {
		m.Ptrs = append(m.Ptrs, &doing{10 + i, do(3 + i)})
		m.Values = append(m.Values, doingValue{new(20 + i), do(8 + i)})
	}
	return m
}

const doingParts = 13

var doingPaths = [doingParts]string{
	".One", `.Map["key"]`, ".Any", ".Ptrs[0]", ".Ptrs[1]", ".Ptrs[2]", ".Ptrs[3]", ".Ptrs[4]",
	".Values[0]", ".Values[1]", ".Values[2]", ".Values[3]", ".Values[4]",
}

// A testGate counts, and may refuse.
type testGate struct {
	entered, left int
	refuse        int
	given         atomic.Bool
}

func (g *testGate) Enter() bool { g.entered++; return g.entered != g.refuse }

func (g *testGate) Leave() bool {
	if g.given.Load() {
		return false
	}
	g.left++
	return true
}

var errNotBack = errors.New("did not come back")

// handOver runs work on a goroutine of its own. It returns an error if work panicked, exited, or has not returned when
// waiting ends.
func handOver(work func(deep.Gate), g *testGate, waiting <-chan struct{}) error {
	done := make(chan error, 1)
	go func() {
		err := errNotBack
		defer func() {
			_ = recover()
			done <- err
		}()
		work(g)
		err = nil
	}()
	select {
	case err := <-done:
		return err
	case <-waiting:
		g.given.Store(true)
		return errNotBack
	}
}

// TestTogether checks that all methods of a copy are called in one go, each once.
func TestTogether(t *testing.T) {
	if !deep.UsePlans {
		t.Skip("methods are called one by one")
	}
	v := makeDoing(func(int) func() { return nil })
	hands := 0
	var g *testGate
	o := deep.Options{
		Together: func(work func(deep.Gate)) error { hands++; return handOver(work, g, nil) },
		Call:     func(fn func()) error { t.Error("called alone"); fn(); return nil },
	}
	for i := 1; i <= 3; i++ {
		g = &testGate{}
		c, _, err := deep.Copy(v, o)
		require.NoError(t, err)
		assert.Equal(t, doing{n: 2}, c.One)
		assert.Equal(t, 3, c.Map["key"].n)
		assert.Equal(t, 4, c.Any.(*doing).n)
		assert.Equal(t, 15, c.Ptrs[4].n)
		assert.Equal(t, 25, *c.Values[4].n)
		assert.Equal(t, i, hands)
		assert.Equal(t, doingParts, g.entered)
		assert.Equal(t, doingParts, g.left)
	}
}

// TestTogetherGoesWrong checks that a method which does not come back is named, wherever it is, and that it costs this
// copy alone.
func TestTogetherGoesWrong(t *testing.T) {
	for what, wrong := range map[string]func(){
		"panics": func() { panic("boom") },
		"exits":  runtime.Goexit,
		"hangs":  nil,
	} {
		for i, path := range doingPaths {
			release, hanging := make(chan struct{}), make(chan struct{}, 9)
			do := wrong
			if do == nil {
				do = func() { hanging <- struct{}{}; <-release }
			}
			v := makeDoing(func(j int) func() {
				if i == j {
					return do
				}
				return nil
			})
			o := deep.Options{
				Together: func(work func(deep.Gate)) error { return handOver(work, &testGate{}, hanging) },
				Call:     func(fn func()) error { return handOver(func(deep.Gate) { fn() }, &testGate{}, hanging) },
			}
			for range 2 {
				_, _, err := deep.Copy(v, o)
				var nc *deep.NotCopyableError
				require.ErrorAs(t, err, &nc, "%s at %s", what, path)
				assert.Equal(t, "doingMany"+path, nc.Path, what)
				require.ErrorIs(t, err, errNotBack)
			}
			close(release)
			assert.Equal(t, 1, v.One.n)
		}
	}
}

// TestTogetherRefused checks that a copy ends where no time is left, without a further call.
func TestTogetherRefused(t *testing.T) {
	if !deep.UsePlans {
		t.Skip("methods are called one by one")
	}
	calls := 0
	v := makeDoing(func(int) func() { return func() { calls++ } })
	over := errors.New("over")
	g := &testGate{refuse: 6}
	_, _, err := deep.Copy(v, deep.Options{
		Together: func(work func(deep.Gate)) error { work(g); return over },
		Call:     func(func()) error { t.Error("called alone"); return over },
	})
	require.ErrorIs(t, err, over)
	assert.Equal(t, 5, calls)
	assert.Equal(t, 5, g.left)
}
