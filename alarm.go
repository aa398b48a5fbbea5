package hooks

import "time"

// An alarm rings at a time. It is set for every execution, and nearly never rung: so it is
// left as it is as long as it will ring early enough, at the price that it may ring for
// nothing, once for an interval that is as long as a hook's timeout.
type alarm struct {
	ring  func()
	timer *time.Timer
	at    time.Time // when it rings, if timer is not nil
}

// set makes the alarm ring at at or before, but after now. now must have been read since the
// alarm came to its present owner: one that has rung for the last owner looks to an older
// clock as if it were still to ring.
func (a *alarm) set(now, at time.Time) {
	switch {
	case a.timer == nil:
		a.timer = time.AfterFunc(at.Sub(now), a.ring)
	case a.at.After(now) && !a.at.After(at):
		return
	default:
		a.timer.Reset(at.Sub(now))
	}
	a.at = at
}

func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
}
