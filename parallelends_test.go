package hooks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// What ends all members of a parallel group is the cause with which their contexts end, for each
// of them: not that the others, which it has ended, have failed.
func TestWhatEndsAllMembersIsTheirCause(t *testing.T) {
	errEnough := errors.New("enough")
	for _, tt := range []struct {
		reason string
		cfg    hooks.Config
		ends   func(cancel context.CancelCauseFunc)
		limit  time.Duration // of the group
		want   error
	}{
		{"the caller's context", hooks.Config{}, func(cancel context.CancelCauseFunc) { cancel(errEnough) }, hooks.NoLimit, errEnough},
		{"TotalTimeout", hooks.Config{Execution: hooks.ExecutionConfig{TotalTimeout: time.Second}}, nil, hooks.NoLimit, hooks.ErrTimeout},
		{"the group's own limit", hooks.Config{}, nil, time.Second, hooks.ErrTimeout},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			for range 100 {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					causes := make([]error, 4)
					var members []hooks.Hook[int]
					for i := range causes {
						members = append(members, hooks.Func(string(rune('a'+i)), func(ctx context.Context, _ *int) error {
							<-ctx.Done()
							causes[i] = context.Cause(ctx)
							time.Sleep(time.Second) // so that it is given up
							return nil
						}))
					}
					if tt.ends != nil {
						time.AfterFunc(time.Second, func() { tt.ends(cancel) })
					}
					_, err := build[int](t, tt.cfg).Execute(ctx, new(int), limited(hooks.Parallel("p", members...), tt.limit))
					require.ErrorIs(t, err, tt.want)
					time.Sleep(time.Minute)
					synctest.Wait()
					for _, cause := range causes {
						require.ErrorIs(t, cause, tt.want)
					}
				})
			}
		})
	}
}
