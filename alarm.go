package hooks

import (
	"sync/atomic"
	"time"
)

// An alarm rings at a time. It is set for every execution, and nearly never rung: so it is
// left as it is as long as it will ring early enough, at the price that it may ring for
// nothing, once for an interval that is as long as a hook's timeout.
type alarm struct {
	ring  func()
	timer *time.Timer
	at    time.Time   // when it rings, if timer is not nil
	rung  atomic.Bool // since it was set
}

// set makes the alarm ring at at, or earlier.
func (a *alarm) set(at time.Time) {
	switch {
	case a.timer == nil:
		a.timer = time.AfterFunc(time.Until(at), func() { a.rung.Store(true); a.ring() })
	case !a.rung.Load() && !a.at.After(at):
		return
	default:
		a.rung.Store(false)
		a.timer.Reset(time.Until(at))
	}
	a.at = at
}

func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
}
