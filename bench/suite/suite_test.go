package suite_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/bench/suite"
)

// dependable are the implementations that must be right on every shape.
var dependable = map[string]bool{suite.Hand: true, suite.HandModern: true, suite.Hooks: true, "hooks-measured": true}

func TestDependableCopies(t *testing.T) {
	for _, src := range suite.Sources() {
		subject := src.New()
		for _, task := range subject.Tasks(suite.Copy) {
			if dependable[task.Impl] {
				t.Run("shape="+task.Shape+"/impl="+task.Impl, func(t *testing.T) { checkTask(t, subject, task) })
			}
		}
	}
}

func TestEqualityAndDiff(t *testing.T) {
	for _, src := range suite.Sources() {
		subject := src.New()
		for _, kind := range []suite.Kind{suite.Equal, suite.Diff} {
			for _, task := range subject.Tasks(kind) {
				t.Run("kind="+string(kind)+"/shape="+task.Shape+"/impl="+task.Impl, func(t *testing.T) {
					if task.Impl == suite.Cmp || task.Impl == suite.Reflect && task.Shape == "j" {
						t.Skip("go-cmp does not come back from the graph; DeepEqual sees what a message hides")
					}
					checkTask(t, subject, task)
				})
			}
		}
	}
}

func checkTask(t *testing.T, subject suite.Subject, task suite.Task) {
	t.Helper()
	require.NoError(t, subject.Check(task))
	assert.NoError(t, subject.Run(task, 2))
}

func TestEveryShapeHasAHandWrittenCopy(t *testing.T) {
	seen := map[string]bool{}
	for _, src := range suite.Sources() {
		assert.False(t, seen[src.Key], "key %s is taken twice", src.Key)
		seen[src.Key] = true
		tasks := src.New().Tasks(suite.Copy)
		if len(tasks) > 0 {
			assert.Equal(t, suite.Hand, tasks[0].Impl)
		}
	}
}
