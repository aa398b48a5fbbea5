package hooks

import "sync"

// Turns are a queue for a cell, first come first served. Of all who queue, the one whose turn it
// is works on the cell, so that others do not work in vain. It is no lock: a commit is right or
// wrong without it, and there are always others that do not queue.
type turns struct {
	mu      sync.Mutex // guards what follows; never held across a wait
	taken   bool
	waiting []chan struct{} // each closed when the turn has come
}

// queue takes the turn if it is free. Else it returns a place in the queue.
func (t *turns) queue() (place chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.taken {
		t.taken = true
		return nil
	}
	place = make(chan struct{})
	t.waiting = append(t.waiting, place)
	return place
}

// try takes the turn if it is free.
func (t *turns) try() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	free := !t.taken
	t.taken = true
	return free
}

// leave gives a place in the queue up, and the turn if it has come just then.
func (t *turns) leave(place chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, p := range t.waiting {
		if p == place {
			t.waiting = append(t.waiting[:i], t.waiting[i+1:]...)
			return
		}
	}
	t.next()
}

// give gives the turn to the next one.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next()
}

// next is give with the lock held.
func (t *turns) next() {
	if len(t.waiting) == 0 {
		t.taken, t.waiting = false, nil
		return
	}
	close(t.waiting[0])
	t.waiting[0] = nil
	t.waiting = t.waiting[1:]
}
