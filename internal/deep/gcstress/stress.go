package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hooktx/hooks/internal/deep"
)

// A copierKind says who makes the copies.
type copierKind string

const (
	ours      copierKind = ""      // package deep
	bytesTwin copierKind = "bytes" // a copier without write barriers, which is to fail
)

// A shape is a kind of value that is copied. It drives one value of its kind, until the stress is over.
type shape func(kind copierKind, st *stress)

// shapeOf is the shape of the values that make returns.
func shapeOf[T any](name string, make func() *T) shape {
	return func(kind copierKind, st *stress) {
		v, copied := make(), deepCopy[T]
		before := fingerprint(v)
		if kind == bytesTwin {
			copied = bareCopy[T]
			v = copied(copied(v)) // it splits what is shared, and has done so now
			before = fingerprint(v)
		}
		drive(name, v, before, copied, st)
	}
}

func deepCopy[T any](src *T) *T {
	dst, _, err := deep.Copy(src, deep.Options{})
	if err != nil {
		panic(err)
	}
	return dst
}

// drive replaces v by its copy until the stress is over. The only reference to v is on this goroutine's stack, so that
// the collector learns of a copy from write barriers, or when it comes to scan the stack.
func drive[T any](name string, v *T, want uint64, copied func(*T) *T, st *stress) {
	for st.begin(); !st.over.Load(); litter() {
		v = copied(v)
		n := st.copies.Add(1)
		if got := fingerprint(v); got != want {
			st.fail(fmt.Sprintf("wrong content of %s after %d copies in all: %#x, want %#x", name, n, got, want))
		}
	}
}

// litter makes garbage of several sizes.
func litter() {
	for i := range 8 {
		rubbish.Store(&node{Text: text(i), Next: &node{}})
		rubbish.Store(&make([]node, 1+i)[i])
	}
}

var rubbish atomic.Pointer[node]

// ballast is a large root that holds nothing. It keeps the collector busy before it comes to the stacks: that is the
// time in which a missing write barrier does harm.
var ballast [1 << 20]*node

// A stress is the work of one child.
type stress struct {
	copies atomic.Int64
	ready  sync.WaitGroup
	over   atomic.Bool
}

// stressFor copies all shapes at a time for as long as p says, and prints its tally several times a second. All shapes
// have been made, and their fingerprints taken, before garbage is collected for the first time.
func stressFor(p phase) {
	percent := debug.SetGCPercent(-1)
	st := &stress{}
	st.ready.Add(len(shapes) + 1)
	var done sync.WaitGroup
	for _, drive := range shapes {
		done.Go(func() { drive(p.Copier, st) })
	}
	st.begin()
	debug.SetGCPercent(percent)
	for range p.Collectors {
		done.Go(st.collect)
	}
	for end := time.Now().Add(p.For); time.Now().Before(end); st.tally() {
		time.Sleep(min(time.Second/4, time.Until(end)))
	}
	st.over.Store(true)
	done.Wait()
	st.tally()
	runtime.KeepAlive(&ballast)
}

// begin waits until everybody is here.
func (st *stress) begin() {
	st.ready.Done()
	st.ready.Wait()
}

// collect collects garbage until the stress is over.
func (st *stress) collect() {
	for !st.over.Load() {
		runtime.GC()
	}
}

// tally prints how many copies and collections there have been.
func (st *stress) tally() {
	cycles := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(cycles)
	fmt.Println(st.copies.Load(), cycles[0].Value.Uint64())
}

// fail ends the process at once: if memory is wrong here, worse may follow elsewhere.
func (st *stress) fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(1)
}
