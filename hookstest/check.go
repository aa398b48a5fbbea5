package hookstest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hooktx/hooks"
)

// An Option says more about a hook that is to be checked.
type Option func(*settings)

type settings struct {
	world    func() any
	patience time.Duration
	varies   bool
}

// World lets Check see what a hook's effects are: look returns what the last hook that was made by
// newHook has left outside of the state, in a form that can be compared, such as the bookings of a
// fake provider. Without it, Rollback is judged by its errors alone.
func World(look func() any) Option { return func(s *settings) { s.world = look } }

// Patience is how long Check waits for what should end soon: a hook whose context has ended, or its
// goroutines. The default is 1s, in which a hook that watches its context ends even on a busy
// machine.
func Patience(d time.Duration) Option { return func(s *settings) { s.patience = d } }

// MayVary says that the hook's result, or what it makes of the state, is not the same each time:
// it has the time in it, or a random id. Whether the hook reads a state that it has kept, or mixes
// up two executions, can then not be seen.
func MayVary() Option { return func(s *settings) { s.varies = true } }

// Check puts a hook through what can happen to it in a chain, and reports each thing that it does
// wrong as an error of the test:
//
//   - it fails on the state that newState makes, or an executor would refuse it;
//   - it goes on after its context has ended;
//   - it leaves a goroutine behind;
//   - it keeps the state, and writes or reads it after it has returned;
//   - it changes the state although it says ReadOnly, or in ValidateEvent;
//   - it fails if a hook before it has failed, or if it is tried again after it was undone;
//   - it is not the same each time, for the same state (see [MayVary]), or when another execution
//     runs it at the same time (also a matter for go test -race);
//   - it is not undone by Rollback, or Rollback fails: after a success, after an [hooks.Unknown]
//     outcome, if there is nothing to undo, after it has committed what a later BeforeCommit
//     function then refused, or the second time;
//   - one of its OnCommit functions fails;
//   - it has an effect in spite of an error that says that it has none;
//   - it has effects in a dry run, though it says DryRunnable or has no Rollback.
//
// newHook makes the hook anew for each trial, as well as the world outside that its effects go to:
// a fake provider, say (see [World]). newState makes a state on which the hook succeeds. Both are
// called on the test's goroutine, and newHook must be declared to return a hooks.Hook. A group can
// be checked like a hook; but what its members keep, and whether they only read, is seen only if
// they are checked one by one. A hook whose result comes from a cell that others write is not the
// same each time.
//
// Check takes no time but the hook's own, unless something is wrong: then up to the [Patience] in
// each trial.
func Check[T any](t testing.TB, newHook func() hooks.Hook[T], newState func() *T, options ...Option) {
	t.Helper()
	c := &checker[T]{t: t, newHook: newHook, newState: newState, settings: settings{patience: time.Second}}
	for _, o := range options {
		o(&c.settings)
	}
	if c.patience <= 0 || c.patience > maxPatience {
		t.Fatalf("hookstest: the Patience is %v; it must be more than 0, and %v at most", c.patience, maxPatience)
	}
	if c.what = describe(newHook()); c.what.Err != nil {
		t.Errorf("hookstest: an executor would refuse the hook: %v", c.what.Err)
		return
	}
	defer c.tell()
	if !c.succeeds() {
		return // nothing else would tell anything
	}
	c.checkReading()
	c.checkKeeping()
	c.checkContext()
	c.checkUndoing()
	c.checkDryRun()
	c.checkTwoAtOnce()
}

const maxPatience = time.Hour

// describe is hooks.Describe of a hook whose methods may panic.
func describe[T any](h hooks.Hook[T]) (d hooks.Description) {
	defer func() {
		if p := recover(); p != nil {
			d.Err = fmt.Errorf("its Name or Options panicked: %v", p)
		}
	}()
	return hooks.Describe(h)
}

// A checker checks one hook.
type checker[T any] struct {
	t        testing.TB
	newHook  func() hooks.Hook[T]
	newState func() *T
	settings
	what hooks.Description

	mu    sync.Mutex
	found []string // what it does wrong
	told  int      // how many of them have been reported
}

// wrong writes down what the hook does wrong, each thing once. A goroutine of the hook may call it.
func (c *checker[T]) wrong(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.found, text) {
		c.found = append(c.found, text)
	}
}

// tell reports what was found since the last time.
func (c *checker[T]) tell() {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; c.told < len(c.found); c.told++ {
		c.t.Errorf("hookstest: hook %q %s", c.what.Name, c.found[c.told])
	}
}
