// Package runners has the ways to run a chain of hooks that are compared: the loops that one would write, libraries,
// two patterns of programs and libraries re-created, and hooks in its variants.
//
// All run the same hooks, n of them, which do next to nothing. After each execution, timed or not, it is checked that
// each hook ran once and in its turn.
package runners

import (
	"context"
	"slices"

	"go.uber.org/zap/zapcore"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/bench/suite"
)

// A Runner is one way to run a chain.
type Runner struct {
	Key    string // in logs and flags
	Title  string // for readers
	Module string // of a library, "" if there is none
	Ours   bool
	Copies bool // ours, and it makes n+1 copies of the small state in each execution

	// New makes a chain of n hooks.
	New func(n int) (*Chain, error)
}

// A Chain is hooks, and what runs them.
type Chain struct {
	// Caller makes a caller. Callers of a chain may run at the same time.
	Caller func() Caller

	stop func() // nil if there is nothing to end
}

// A Caller has a state of its own.
type Caller struct {
	Run    func() error // runs the chain once and checks that all hooks ran
	Intact func() error // whether the rest of the state is what it was
}

// Close ends what the chain has begun.
func (c *Chain) Close() {
	if c.stop != nil {
		c.stop()
	}
}

// caller makes callers that run a chain of n hooks over states of kind k.
func (k kind[S]) caller(n int, run func(ctx context.Context, s *S) error) func() Caller {
	return func() Caller {
		s := k.make()
		progress := k.progress(s)
		return Caller{
			Run: func() error {
				*progress = Progress{}
				if err := run(context.Background(), s); err != nil {
					return err
				}
				return progress.verdict(n)
			},
			Intact: func() error { return k.intact(s) },
		}
	}
}

// The keys of runners that tables speak of, beside suite.Textbook and suite.Hooks.
const (
	TextbookDone  = "textbook-done"
	TextbookDeep  = "textbook-deep"
	TextbookCopy  = "textbook-copy"
	Textbook2kB   = "textbook-2kB"
	Textbook100kB = "textbook-100kB"
	Direct        = "direct"
	Same          = "same-goroutine"
	Failsafe      = "failsafe-go"
	HooksNew      = "hooks-new"
	HooksDone     = "hooks-done"
	HooksDeep     = "hooks-deep"
	Hooks2kB      = "hooks-2kB"
	Hooks100kB    = "hooks-100kB"
)

// All lists the runners in the order of tables.
var All = append(others, variants...)

var others = []Runner{
	{Key: suite.Textbook, Title: "textbook: goroutine, WithTimeout, channel, select", New: oneByOne(small, plain, textbook)},
	{Key: TextbookDone, Title: "textbook, hooks ask for Done", New: oneByOne(small, asking, textbook)},
	{Key: TextbookDeep, Title: "textbook, hooks go deep", New: oneByOne(small, deep, textbook)},
	{Key: TextbookCopy, Title: "textbook with a copy by hand", New: oneByOne(small, plain, textbookCopy)},
	{Key: Textbook2kB, Title: "textbook with a copy, 2 kB", New: oneByOne(sheet2kB, plain, textbookCopy)},
	{Key: Textbook100kB, Title: "textbook with a copy, 100 kB", New: oneByOne(sheet100kB, plain, textbookCopy)},
	{Key: Direct, Title: "direct calls, a copy and a recover each", New: oneByOne(small, plain, direct)},
	{Key: "direct-deep", Title: "direct calls, hooks go deep", New: oneByOne(small, deep, direct)},
	{Key: Same, Title: "WithTimeout on the same goroutine", New: oneByOne(small, plain, sameGoroutine)},
	{Key: Failsafe, Title: "failsafe-go, timeout policy", Module: "github.com/failsafe-go/failsafe-go", New: failsafeGo},
	{Key: "fx", Title: "fx, OnStart hooks, Start and Stop", Module: "go.uber.org/fx", New: fxLifecycle},
	{Key: "stages", Title: "prebid-server's stages, re-created", New: stages},
	{Key: "saga", Title: "go-saga, re-created", New: saga},
	{Key: "pocketbase", Title: "pocketbase, tools/hook", Module: "github.com/pocketbase/pocketbase", New: pocketbase},
	{Key: "watermill", Title: "watermill, gochannel", Module: "github.com/ThreeDotsLabs/watermill", New: watermillChannel},
}

var variants = []Runner{
	{Key: suite.Hooks, Title: "**hooks**", Ours: true, Copies: true, New: ours(small, plain, asFunc, hooks.Config{})},
	{Key: HooksNew, Title: "hooks, made anew each time", Ours: true, Copies: true, New: oursNew},
	{Key: HooksDone, Title: "hooks that ask for Done", Ours: true, Copies: true, New: ours(small, asking, asFunc, hooks.Config{})},
	{Key: HooksDeep, Title: "hooks that go deep", Ours: true, Copies: true, New: ours(small, deep, asFunc, hooks.Config{})},
	{Key: "hooks-undo", Title: "hooks with a Rollback", Ours: true, Copies: true, New: ours(small, plain, asFuncUndo, hooks.Config{})},
	{Key: "hooks-readonly", Title: "hooks that only read", Ours: true, New: oursReadOnly},
	{Key: "hooks-validator", Title: "hooks, with a validator", Ours: true, Copies: true, New: ours(small, plain, asFunc, hooks.Config{}, accepting)},
	{Key: "hooks-nosnapshots", Title: "hooks, snapshots off", Ours: true,
		New: ours(small, plain, asFunc, hooks.Config{Execution: hooks.ExecutionConfig{DisableSnapshots: true}})},
	{Key: "hooks-norollback", Title: "hooks, rollback off", Ours: true, Copies: true,
		New: ours(small, plain, asFuncUndo, hooks.Config{Execution: hooks.ExecutionConfig{DisableRollback: true}})},
	{Key: "hooks-log", Title: "hooks, with a logger at error", Ours: true, Copies: true,
		New: ours(small, plain, asFunc, logging(zapcore.ErrorLevel, false))},
	{Key: "hooks-logall", Title: "hooks, DetailedLogging at debug", Ours: true, Copies: true,
		New: ours(small, plain, asFunc, logging(zapcore.DebugLevel, true))},
	{Key: "hooks-trace", Title: "hooks, with a Trace", Ours: true, Copies: true, New: ours(small, plain, asFunc, tracing())},
	{Key: Hooks2kB, Title: "hooks, 2 kB", Ours: true, New: ours(sheet2kB, plain, asFunc, hooks.Config{})},
	{Key: Hooks100kB, Title: "hooks, 100 kB", Ours: true, New: ours(sheet100kB, plain, asFunc, hooks.Config{})},
}

// Find returns the runner with a key.
func Find(key string) (Runner, bool) {
	i := slices.IndexFunc(All, func(r Runner) bool { return r.Key == key })
	if i < 0 {
		return Runner{}, false
	}
	return All[i], true
}

// Modules lists the libraries among the runners.
func Modules() (out []string) {
	for _, r := range All {
		if r.Module != "" {
			out = append(out, r.Module)
		}
	}
	return out
}

// OwnBytes is what copies of the small state take in one execution of n hooks: one for each hook and one besides.
func OwnBytes(n int) int { return (n + 1) * smallBytes }
