package runners_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/bench/runners"
	"github.com/hooktx/hooks/bench/suite"
)

func TestGateHoldsHooksAndLetsThemGo(t *testing.T) {
	for _, impl := range []string{suite.Textbook, suite.Hooks} {
		t.Run(impl, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate, err := runners.NewGate(impl, 5, time.Minute)
				require.NoError(t, err)
				done := make(chan error, 1)
				go func() { done <- gate.Caller().Run() }()
				synctest.Wait()
				assert.Equal(t, 1, gate.Waiting())
				assert.NoError(t, gate.Free().Run(), "others go on")
				gate.Open()
				assert.NoError(t, <-done)
				assert.Zero(t, gate.Waiting())
				gate.Close()
			})
		})
	}
}

func TestHookThatOverrunsWaitsOn(t *testing.T) {
	for impl, want := range map[string]int{suite.Textbook: 0, suite.Hooks: 1} {
		t.Run(impl, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate, err := runners.NewGate(impl, 5, time.Minute)
				require.NoError(t, err)
				err = gate.Caller().Run()
				assert.True(t, errors.Is(err, hooks.ErrTimeout) || errors.Is(err, context.DeadlineExceeded), "%v", err)
				assert.Equal(t, 1, gate.Waiting())
				assert.Equal(t, want, gate.Left(), "only hooks keeps a list")
				gate.Open()
				synctest.Wait()
				assert.Zero(t, gate.Left())
				gate.Close()
			})
		})
	}
}
