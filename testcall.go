package hooks

import (
	"context"
	"slices"
	"time"

	"github.com/hooktx/hooks/internal/bridge"
)

func init() {
	bridge.NewCall = func(parent context.Context, info any) bridge.Call { return newTestCall(parent, info.(Info)) }
}

// A testCall is a call that package hookstest makes in the place of an executor.
type testCall struct {
	*hookContext
	forget func() bool // the parent
}

func newTestCall(parent context.Context, info Info) *testCall {
	r := &run{
		core:    &core{cfg: Config{}.withDefaults()},
		outline: &outline{names: []string{info.Hook}, traits: []trait{{timeout: NoLimit}}},
		id:      info.Execution, dry: info.DryRun, started: time.Now(), until: NoLimit,
		parent: parent, parentDone: parent.Done(), values: parent, outer: scopeFrom(parent),
	}
	if r.limits = deadlineOf(parent, r.started); len(r.limits) > 0 {
		r.until = r.limits[0].at.Sub(r.started)
	}
	c := &hookContext{record{run: r, phase: info.Phase}}
	s := &scope{run: r, info: info}
	if info.Phase == PhaseExecute {
		s.record = &c.record
	}
	c.need().scope = s
	return &testCall{c, context.AfterFunc(parent, func() { c.ending() })}
}

func (c *testCall) Context() context.Context { return c.hookContext }

func (c *testCall) End() {
	c.forget()
	c.close()
	c.run.end()
}

func (c *testCall) Said() (said bridge.Said) {
	m := c.need()
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.registrations; r != nil {
		said.Warnings = slices.Clone(r.warnings)
		said.OnRollback, said.BeforeCommit, said.OnCommit = slices.Clone(r.steps), slices.Clone(r.before), slices.Clone(r.onCommit)
	}
	return said
}
