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
	info Info // of the attempt

	// Written by the executor, after the seal.
	due    bool   // Rollback is to be called
	effect Effect // for the undo calls
	result any    // likewise

	rollback func(ctx context.Context) error // on the attempt's own copy; nil: cannot be undone

	mu       sync.Mutex // never held while user code runs
	sealed   bool
	steps    []stepFunc
	before   []stepFunc
	after    []stepFunc
	warnings []string
}

func (f *frame) open() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.sealed
}

func (f *frame) seal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sealed = true
}

// add appends fn to one of f's lists and says whether it did.
func (f *frame) add(list func(*frame) *[]stepFunc, fn stepFunc) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sealed {
		return false
	}
	l := list(f)
	*l = append(*l, fn)
	return true
}

func (f *frame) warn(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.sealed {
		f.warnings = append(f.warnings, text)
	}
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
