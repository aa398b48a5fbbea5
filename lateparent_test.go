package hooks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A lateContext has a deadline, and ends some time after it: as a standard context does on a machine that is too busy
// to run its timer.
type lateContext struct {
	context.Context
	deadline time.Time
}

func (c lateContext) Deadline() (time.Time, bool) { return c.deadline, true }

// TestParentEndsLate checks that the caller's own cause is told if its context comes to it a little after its deadline,
// and that nobody waits for one that never does.
func TestParentEndsLate(t *testing.T) {
	errLeft := errors.New("the customer left")
	for _, tt := range []struct {
		reason string
		late   time.Duration // 0: never
		want   error
	}{
		{"the timer is run at last", 40 * time.Millisecond, errLeft},
		{"it never is", 0, context.DeadlineExceeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			parent, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			deadline := time.Now().Add(time.Second)
			if tt.late > 0 {
				defer time.AfterFunc(time.Second+tt.late, func() { cancel(errLeft) }).Stop()
			}
			wait := hooks.Func("wait", func(ctx context.Context, _ *int) error { <-ctx.Done(); return ctx.Err() })
			begun := time.Now()
			_, err := hooks.Run(lateContext{parent, deadline}, new(int), wait)
			require.ErrorIs(t, err, tt.want, tt.reason)
			assert.NotErrorIs(t, err, hooks.ErrTimeout, tt.reason)
			assert.LessOrEqual(t, time.Since(begun), 1200*time.Millisecond, tt.reason)
		})
	}
}
