package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hooktx/hooks"
)

// maxState is how large an order may grow on its way, in bytes.
const maxState = 64 << 10

// An engine runs the hooks of an order and fills in what came of it.
type engine interface {
	run(ctx context.Context, r *record)

	// wait waits for the hooks that are still running, and what they leave to do.
	wait(ctx context.Context) error
}

// transactions is the engine that this library is.
type transactions struct {
	executor *hooks.Executor[Order]
	chain    []hooks.Hook[Order]

	mu    sync.Mutex
	ended map[string]*record // executions that have ended, by id
}

// newTransactions makes the engine. tell is told of undo calls that are made after
// their order was passed on.
func newTransactions(s *shop, cfg hooks.Config, tell func(order, text string)) (*transactions, error) {
	checks := hooks.Parallel("checks", s.checks()...)
	t := &transactions{chain: s.chain(checks), ended: map[string]*record{}}
	cfg.Name = "orders"
	cfg.Execution.DefaultTimeout = 2 * time.Second
	cfg.Execution.RollbackTimeout = 2 * time.Second
	cfg.Execution.Grace = 20 * time.Millisecond // the payment client needs a moment to hang up
	cfg.Execution.MaxStateSize = maxState
	cfg.Execution.MaxRounds = hooks.NoLimit // an order tries again until its customer leaves
	cfg.Trace = &hooks.Trace{
		RollbackEnd: func(_ context.Context, info hooks.Info, result *hooks.RollbackResult) {
			if text, late := t.compensated(info, result); late {
				tell(info.Execution, text)
			}
		},
	}
	executor, err := hooks.New(cfg, frozenTotal())
	if err != nil {
		return nil, err
	}
	t.executor = executor
	return t, nil
}

// compensated notes an undo call, if it is a late one.
func (t *transactions) compensated(info hooks.Info, result *hooks.RollbackResult) (text string, late bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.ended[info.Execution]
	if r == nil {
		return "", false
	}
	text = info.Hook + " has ended: Rollback called"
	if result.Step > 0 {
		text = fmt.Sprintf("%s has ended: undo step %d called", info.Hook, result.Step)
	}
	if result.Err != nil {
		text += ", failed: " + result.Err.Error()
	}
	r.late = append(r.late, text)
	return text, true
}

func (t *transactions) run(ctx context.Context, r *record) {
	// The order's id becomes the execution's, and so a part of every idempotency key.
	report, err := t.executor.Execute(hooks.WithExecutionID(ctx, r.order.ID), r.order, t.chain...)
	r.report, r.err, r.committed = report, err, report.Committed

	var failed *hooks.ExecutionError
	if errors.As(err, &failed) {
		r.failedIn, r.err = failed.Hook, failed.Err
		for _, undo := range failed.Rollbacks {
			r.badUndos = append(r.badUndos, fmt.Sprintf("%s: %v", undo.Hook, undo.Err))
		}
	}
	r.note(report.Results())
	for _, undo := range report.Rollbacks {
		if undo.Err == nil && !slices.Contains(r.undone, undo.Hook) {
			r.undone = append(r.undone, undo.Hook)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended[report.Execution] = r
}

// note notes what hooks, and the members of groups, have left to say.
func (r *record) note(results []hooks.Result) {
	for _, result := range results {
		r.warnings = append(r.warnings, result.Warnings...)
		if result.Abandoned {
			r.adrift = append(r.adrift, result.Hook)
		}
		if r.committed && !result.Success() && result.Outcome != hooks.OutcomeSkipped {
			r.dropped = append(r.dropped, fmt.Sprintf("%s: %v", result.Hook, result.Err))
		}
		r.note(result.Members)
	}
}

func (t *transactions) wait(ctx context.Context) error { return t.executor.Shutdown(ctx) }

// textbook is the engine that everybody writes.
type textbook struct {
	loop  naive
	chain []hooks.Hook[Order]
}

func (t *textbook) run(ctx context.Context, r *record) {
	ignored, err := t.loop.run(ctx, r.order, t.chain)
	r.committed = err == nil
	for _, e := range ignored {
		r.dropped = append(r.dropped, e.Error())
	}
	var failed *naiveError
	if errors.As(err, &failed) {
		r.failedIn, r.err = failed.hook, failed.err
		for _, undo := range failed.undos {
			r.badUndos = append(r.badUndos, undo.Error())
		}
	}
}

func (t *textbook) wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { t.loop.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("hooks are still running: %w", ctx.Err())
	}
}
