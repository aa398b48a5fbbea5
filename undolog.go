package hooks

import (
	"context"
	"sync"
)

// A stepFunc is a function that a hook registered while it ran.
type stepFunc = func(ctx context.Context) error

// A frame is one attempt's entry in the undo log: how to undo the attempt, and what
// it wants done around the commit.
//
// While its hook runs the frame is open, and any goroutine of the hook may add to
// it. It is sealed when the attempt has returned or was abandoned, and changes no
// more: whoever comes later is told ErrEnded.
type frame struct {
	run    *run
	index  int32 // of its hook in the chain
	sealed bool  // guarded by mu

	// Written by the executor, after the seal.
	due    bool   // Rollback is to be called
	effect Effect // for the undo calls
	result any    // likewise

	mu sync.Mutex // never held while user code runs

	rollback func(ctx context.Context) error // on the attempt's own copy; nil: cannot be undone

	*registrations // guarded by mu until the seal; nil if there are none
}

// registrations are what a hook said while it ran. Few hooks say anything.
type registrations struct {
	steps    []stepFunc
	before   []stepFunc
	after    []stepFunc
	warnings []string
}

// nothing is what a hook has registered that has registered nothing. It is never written.
var nothing registrations

// said returns what the hook of a sealed frame has registered.
func (f *frame) said() *registrations {
	if f.registrations == nil {
		return &nothing
	}
	return f.registrations
}

// hook is the path of the attempt's hook.
func (f *frame) hook() string { return f.run.names[f.index] }

// info is the Info of the attempt.
func (f *frame) info() Info {
	return Info{
		Execution: f.run.id, Hook: f.hook(), Index: int(f.index), Attempt: 1, Round: 1,
		Phase: PhaseExecute, DryRun: f.run.dry, IdempotencyKey: f.run.key(f.hook()),
	}
}

func (f *frame) open() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.sealed
}

func (f *frame) seal() {
	f.mu.Lock()
	f.sealed = true
	f.mu.Unlock()
}

// add appends fn to one of f's lists and says whether it did.
func (f *frame) add(list func(*registrations) *[]stepFunc, fn stepFunc) bool {
	return f.write(func(r *registrations) { l := list(r); *l = append(*l, fn) })
}

func (f *frame) warn(text string) {
	f.write(func(r *registrations) { r.warnings = append(r.warnings, text) })
}

// write lets do write, and says whether it did.
func (f *frame) write(do func(r *registrations)) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sealed {
		return false
	}
	if f.registrations == nil {
		f.registrations = new(registrations)
	}
	do(f.registrations)
	return true
}

// An undoLog holds the frames of what has been kept and of what is under way, in
// the order in which they began. Its length is a savepoint: whatever was pushed
// since can be undone, newest first, by popping down to it. It belongs to the
// goroutine that drives the execution.
type undoLog struct{ frames []*frame }

func (l *undoLog) push(f *frame)  { l.frames = append(l.frames, f) }
func (l *undoLog) savepoint() int { return len(l.frames) }

// pop takes the newest frame off, nil if there is none since the savepoint.
func (l *undoLog) pop(savepoint int) *frame {
	n := len(l.frames) - 1
	if n < savepoint {
		return nil
	}
	f := l.frames[n]
	l.frames[n] = nil
	l.frames = l.frames[:n]
	return f
}
