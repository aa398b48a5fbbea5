package main

import (
	"errors"
	"sync"
)

var (
	errFull    = errors.New("the queue is full")
	errClosing = errors.New("the event loop is closing")
)

// A Loop is the event loop: a queue of bounded length and some workers, each of
// which runs one job at a time. What it does not take, it refuses at once, so that
// a flood of events costs its senders time and not this program memory.
type Loop struct {
	queue   chan func()
	workers sync.WaitGroup

	mu     sync.RWMutex // held to send, so that no send meets a closed queue
	closed bool
}

// NewLoop starts a loop. Close ends it.
func NewLoop(workers, queue int) *Loop {
	l := &Loop{queue: make(chan func(), queue)}
	for range workers {
		l.workers.Go(func() {
			for job := range l.queue {
				job()
			}
		})
	}
	return l
}

// Do has a worker run job, and returns when job has. If the queue is full, or the
// loop closing, it returns an error at once and job never runs.
func (l *Loop) Do(job func()) error {
	done, err := l.submit(job)
	if err != nil {
		return err
	}
	<-done
	return nil
}

// submit puts job into the queue. The channel is closed when job has returned.
func (l *Loop) submit(job func()) (<-chan struct{}, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return nil, errClosing
	}
	done := make(chan struct{})
	select {
	case l.queue <- func() { defer close(done); job() }:
		return done, nil
	default:
		return nil, errFull
	}
}

// Close takes no more jobs, and returns when those in the queue have run.
func (l *Loop) Close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.queue)
	}
	l.mu.Unlock()
	l.workers.Wait()
}
