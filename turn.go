package hooks

import (
	"context"
	"sync"
)

// Turns are a queue for a cell, first come first served. Who has the turn is the only one of the
// queue at work on the cell, so that others do not work in vain. It is no lock: whether a
// commit is right does not depend on it, and others may change the cell at any time.
type turns struct {
	mu      sync.Mutex // guards what follows; never held across a wait
	taken   bool
	waiting []chan struct{} // each closed when the turn has come
}

// take waits for the turn. It returns false if ctx has ended before.
func (t *turns) take(ctx func() context.Context) bool {
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return true
	}
	mine := make(chan struct{})
	t.waiting = append(t.waiting, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return true
	case <-ctx().Done():
	}
	if !t.leave(mine) {
		t.give() // it had come just then
	}
	return false
}

// leave leaves the queue. It returns false if the turn has come.
func (t *turns) leave(mine chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, w := range t.waiting {
		if w == mine {
			t.waiting = append(t.waiting[:i], t.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// give gives the turn to the next.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.taken = false
		return
	}
	close(t.waiting[0])
	t.waiting[0] = nil
	t.waiting = t.waiting[1:]
}
