package hooks

import (
	"context"

	"github.com/hooktx/hooks/internal/call"
	"github.com/hooktx/hooks/internal/deep"
)

// versions keeps the states of one execution apart. There are three kinds of memory:
//
//	version  seen by the library alone; the first is the caller's state itself
//	work     one hook's copy, seen by that hook and its own undo alone
//	view     made of a version if somebody looks at it: validators, ValidateEvent and
//	         read-only hooks, who share it
//
//	            ┌▶ view 0 (if looked at)         ┌▶ view 1
//	caller ─copy▶ work 1 ─hook 1▶ work 1' ─copy▶ version 1 = work 2 ─hook 2▶ work 2' ─copy▶ version 2
//	                        └ kept for hook 1's own undo              └ kept for hook 2's own undo
//
// A hook's copy is read exactly once, right after its Execute. The last version,
// which nobody has seen, becomes the caller's state. So no pointer into the caller's
// memory is ever given out, and what a hook does later, by a goroutine that it left
// or because it was abandoned, can reach neither the caller's state, nor another
// hook's copy, nor a version.
//
// All methods are called by the driver, which is the caller's goroutine: while
// library code reads or writes the caller's state, Execute cannot return.
type versions[T any] struct {
	caller *T   // read by the first copies, written by commit alone, or never if it is a cell's
	live   bool // snapshots are disabled: everybody works on caller
	cell   bool // the last version becomes a cell's, where it is

	current version[T] // the version reached; its state is nil while it is out as a hook's copy
	view    *T         // of current, nil until somebody looks
	ready   *T         // a copy of current that nobody has yet: the one made before anything ran

	final *T // made by settle: what commit assigns, nil if nothing changed

	copies int // made so far

	copier copier         // who bounds the copies
	mover  *deep.Mover[T] // who makes them, if that takes no time
}

// prime makes the first copy, so that a state that cannot be copied is refused
// before anything runs. The first who needs a copy gets it.
func (v *versions[T]) prime() error {
	v.current.state = v.caller
	if v.live {
		return nil
	}
	first, err := v.copy(v.caller)
	v.ready, v.current.size, v.current.tree = first.state, first.size, first.tree
	return err
}

// take returns the copy that the next modifying hook works on. Unless keep asks for
// a spare, the version itself is given away: it is a copy that nobody has seen.
func (v *versions[T]) take(keep bool) (*T, error) {
	switch {
	case v.live:
		return v.caller, nil
	case v.ready != nil:
		w := v.ready
		v.ready = nil
		return w, nil
	case keep || v.current.state == v.caller:
		return v.private()
	}
	w := v.current.state
	v.current.state = nil
	return w, nil
}

// private returns a copy of the current version for one party alone.
func (v *versions[T]) private() (*T, error) {
	if v.live {
		return v.caller, nil
	}
	if w := v.ready; w != nil {
		v.ready = nil
		return w, nil
	}
	c, err := v.copy(v.current.state)
	return c.state, err
}

// look returns the view of the current version.
func (v *versions[T]) look() (*T, error) {
	if v.view == nil {
		w, err := v.private()
		if err != nil {
			return nil, err
		}
		v.view = w
	}
	return v.view, nil
}

// taint gives up the view: somebody who was abandoned holds it. The next to look
// gets a fresh one.
func (v *versions[T]) taint() { v.view = nil }

// advance makes the next version of a hook's copy. If it fails, the current version
// stays what it was.
func (v *versions[T]) advance(work *T) error {
	next, err := v.copy(work)
	if err != nil {
		return err
	}
	next.cells = v.current.cells
	v.reach(next)
	return nil
}

// reach makes next the version reached.
func (v *versions[T]) reach(next version[T]) { v.current, v.view, v.ready = next, nil, nil }

// retreat returns to an earlier version: the one after it was not accepted.
func (v *versions[T]) retreat(to version[T]) { v.current, v.view, v.ready = to, nil, nil }

// settle makes what commit will assign; after it nothing of ours can fail. A version
// with references to its own root is made once more, for the place that it goes to:
// they become references to the caller's state.
func (v *versions[T]) settle() error {
	if v.live || v.cell || v.current.state == v.caller {
		return nil
	}
	v.final = v.current.state
	if !v.current.refs {
		return nil
	}
	shell, _, err := deep.CopyFor(v.caller, v.current.state, v.copier.copyOptions())
	v.copier.copied()
	v.final = shell
	return copyError(err)
}

// commit gives the caller's state its new value.
func (v *versions[T]) commit() {
	if v.final != nil {
		deep.Assign(v.caller, v.final)
	}
}

// A version is a state and what is known of it.
type version[T any] struct {
	state *T
	size  int64
	refs  bool // it has references to its own root
	tree  bool // it is known to be a tree: see deep.Info
	cells *cellEdits
}

func (v *versions[T]) copy(src *T) (version[T], error) {
	v.copies++
	if v.mover != nil {
		if state, size := v.mover.Copy(src, v.copier.sizeLimit()); state != nil {
			return version[T]{state: state, size: size}, nil
		}
	}
	state, info, err := deep.Copy(src, v.copier.copyOptions())
	v.copier.copied()
	return version[T]{state: state, size: info.Size, refs: info.RootRefs, tree: info.Tree}, copyError(err)
}

// copyError gives an error of package deep its class.
func copyError(err error) error {
	switch err.(type) { // not errors.As: what is inside may be an error of user code
	case *deep.TooLargeError:
		return &classed{ErrStateTooLarge, err}
	case *deep.NotCopyableError:
		return &classed{ErrNotCopyable, err}
	}
	return err
}

// A copier bounds the copies of a state.
type copier interface {
	copyOptions() deep.Options
	sizeLimit() int64 // 0: none
	copied()          // the copy has been made
}

// copyOptions returns the bounds of a copy of the execution's state: it stops when the
// execution has to, and DeepCopy methods, which are user code, share a budget.
func (e *execution[T]) copyOptions() deep.Options {
	if e.options.Stop == nil {
		e.options = deep.Options{Stop: e.stopCopying, Call: e.callDeepCopy, Together: e.callTogether, Limit: e.sizeLimit()}
	}
	return e.options
}

func (e *execution[T]) sizeLimit() int64 {
	if limit := e.core.cfg.Execution.MaxStateSize; limit != NoLimit {
		return limit
	}
	return 0
}

func (e *execution[T]) stopCopying() error {
	if late := e.dead(); late != nil {
		return late.cause
	}
	return nil
}

// callDeepCopy calls one method.
func (e *execution[T]) callDeepCopy(fn func()) error { return e.callCopying(nil, fn) }

// callTogether makes a copy with all the methods that it calls: on another goroutine, and so
// that it can be given up within a method alone. While it reads a state, this goroutine waits.
func (e *execution[T]) callTogether(work func(deep.Gate)) error {
	g := call.NewGuard(e.copyingBudget().ctx.Done())
	return e.callCopying(g, func() { work(g) })
}

func (e *execution[T]) callCopying(g *call.Guard, fn func()) error {
	s := &scope{run: e.run, info: Info{Execution: e.id, Hook: e.at(), Phase: PhaseCopy, DryRun: e.dry}}
	m := e.doGuarded(s, e.copyingBudget(), g, func(context.Context) error { fn(); return nil })
	if m == nil {
		return nil
	}
	e.lost = e.lost || m.abandoned
	return m.err
}

// copyingBudget is what the methods of the copy that is being made share.
func (e *execution[T]) copyingBudget() *budget {
	if e.asked == nil {
		e.asked = e.newBudget(e.core.cfg.Execution.DefaultTimeout, "copying the state")
	}
	return e.asked
}

func (e *execution[T]) copied() {
	if e.asked != nil {
		e.asked.end(errHookEnded)
		e.asked = nil
	}
}

// at is the name of the hook at work, "" if there is none.
func (e *execution[T]) at() string {
	if e.report.Rounds == 0 || len(e.steps) == 0 {
		return ""
	}
	return e.steps[min(e.next, len(e.steps)-1)].name
}
