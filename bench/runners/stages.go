package runners

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// This file re-creates the pattern in which prebid-server runs the hooks of its modules. None of its code is here, and
// its metrics, privacy rules and rejections are left out.
//
// A stage is a list of groups, which run one after the other. The hooks of one group run at the same time, so a chain
// that keeps its order is groups of one. A hook changes nothing itself: it returns mutations, and the group applies
// them when all its hooks have answered. Two goroutines stand for each hook, of which the outer one waits for the
// inner, and one more per group waits for all. A hook that is late is left to itself.

type (
	stageHook struct {
		name string
		call func(ctx context.Context) (stageAnswer, error)
	}
	stageGroup struct {
		hooks []stageHook
		limit time.Duration
	}
	// A mutation is one change that a hook wants.
	mutation struct {
		key   []string
		kind  string
		apply func(ctx context.Context, s *Small) error
	}
	// A stageAnswer is what came of one hook.
	stageAnswer struct {
		hook      string
		took      time.Duration
		err       error
		mutations []mutation
	}
	// A stageOutcome is what is told about one hook.
	stageOutcome struct {
		hook, status, action string
		took                 time.Duration
		errors, messages     []string
	}
	groupOutcome struct {
		hooks []stageOutcome
		took  time.Duration // the slowest hook's
	}
)

var errStageTimeout = errors.New("hook execution timeout")

func stages(n int) (*Chain, error) {
	groups := make([]stageGroup, n)
	for i, do := range trivial(n) {
		groups[i] = stageGroup{limit: limit, hooks: []stageHook{{
			name: hookName(i),
			call: func(context.Context) (stageAnswer, error) {
				return stageAnswer{mutations: []mutation{{[]string{"state", "ran"}, "update", do}}}, nil
			},
		}}}
	}
	return &Chain{Caller: small.caller(n, func(ctx context.Context, s *Small) error {
		outcomes := make([]groupOutcome, 0, len(groups))
		for _, g := range groups {
			outcomes = append(outcomes, g.run(ctx, s))
		}
		return firstError(outcomes)
	})}, nil
}

// run runs the hooks of a group at the same time and then applies what they want.
func (g stageGroup) run(ctx context.Context, s *Small) groupOutcome {
	var running sync.WaitGroup
	answers := make(chan stageAnswer, len(g.hooks))
	for _, h := range g.hooks {
		running.Go(func() { answers <- h.answer(ctx, g.limit) })
	}
	go func() {
		running.Wait()
		close(answers)
	}()
	var all []stageAnswer
	for a := range answers {
		all = append(all, a)
	}
	out := groupOutcome{hooks: make([]stageOutcome, 0, len(all))}
	for _, a := range all {
		out.took = max(out.took, a.took)
		out.hooks = append(out.hooks, a.apply(ctx, s))
	}
	return out
}

// answer calls a hook and waits for it, no longer than its limit.
func (h stageHook) answer(ctx context.Context, limit time.Duration) stageAnswer {
	begun := time.Now()
	answers := make(chan stageAnswer, 1)
	go func() {
		defer func() { _ = recover() }() // the limit tells
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		a, err := h.call(ctx)
		a.err = err
		answers <- a
	}()
	select {
	case a := <-answers:
		a.hook, a.took = h.name, time.Since(begun)
		return a
	case <-time.After(limit):
		return stageAnswer{hook: h.name, took: time.Since(begun), err: errStageTimeout}
	}
}

// apply makes the changes that a hook wants and says what was done.
func (a stageAnswer) apply(ctx context.Context, s *Small) stageOutcome {
	out := stageOutcome{hook: a.hook, status: "success", action: "none", took: a.took}
	if a.err != nil {
		out.status = "failure"
		out.errors = append(out.errors, a.err.Error())
		return out
	}
	for _, m := range a.mutations {
		out.action = "update"
		if err := m.apply(ctx, s); err != nil {
			out.errors = append(out.errors, fmt.Sprintf("mutation refused: %v", err))
			continue
		}
		out.messages = append(out.messages, fmt.Sprintf("mutation applied, key %s, kind %s", strings.Join(m.key, "."), m.kind))
	}
	return out
}

func firstError(groups []groupOutcome) error {
	for _, g := range groups {
		for _, h := range g.hooks {
			if len(h.errors) > 0 {
				return fmt.Errorf("%s: %s", h.hook, h.errors[0])
			}
		}
	}
	return nil
}
