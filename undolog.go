package hooks

import "context"

// A frame is one attempt's entry in the undo log: how to undo the attempt. It belongs to
// the executor.
type frame struct {
	*record
	due      bool                            // Rollback is to be called
	effect   Effect                          // for the undo calls
	result   any                             // likewise
	rollback func(ctx context.Context) error // on the attempt's own copy; nil: cannot be undone
}

// An undoLog holds the frames of what has been kept and of what is under way, in
// the order in which they began. Its length is a savepoint: whatever was pushed
// since can be undone, newest first, by popping down to it. It belongs to the
// goroutine that drives the execution.
type undoLog struct {
	frames []*frame
	told   bool // a hook may have registered something
}

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
