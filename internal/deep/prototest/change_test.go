package prototest_test

import (
	"reflect"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/hooktx/hooks/internal/deep"
	"github.com/hooktx/hooks/internal/deep/prototest/catalogpb"
)

// TestUseIsNoChange checks that what protobuf notes in a message when it is used is no change of it.
func TestUseIsNoChange(t *testing.T) {
	for _, tt := range messages {
		if tt.lazy {
			continue // see TestReadingLazily
		}
		m := tt.make()
		size, err := deep.Size(&m, deep.Options{})
		require.NoError(t, err)
		before := *copyOf(t, &m)
		use(t, m)
		requireUnchanged(t, &before, &m)
		after, err := deep.Size(&m, deep.Options{})
		require.NoError(t, err)
		assert.Equal(t, size, after, tt.name)
	}
}

// TestReadingLazily shows a limit: a field that is decoded by reading it is nil before and a message after.
func TestReadingLazily(t *testing.T) {
	m := decoded(&catalogpb.Item{}, catalog())
	before := copyOf(t, m)
	_ = m.GetLate()
	assert.True(t, proto.Equal(m, before))
	_ = before.GetLate().GetLate()
	_ = m.GetLate().GetLate()
	requireUnchanged(t, before, m)
}

// TestChanges checks that a change of a message is seen, and nothing else.
func TestChanges(t *testing.T) {
	m := document()
	c := copyOf(t, m)
	use(t, c)
	c.Fields["list"].GetListValue().Values[1] = structpb.NewStringValue("changed")
	changes, more := deep.Diff(m, c, 10)
	assert.False(t, more)
	require.Len(t, changes, 1)
	assert.Equal(t, `Fields["list"].Kind.ListValue.Values[1].Kind.StringValue`, changes[0].Path)

	item := catalog()
	now := copyOf(t, item)
	now.SetCount(0)
	requireUnchanged(t, item, now)
	now.ClearCount()
	assert.False(t, deep.Equal(item, now), "a field set to its default is not one that is not set")
}

// TestCopyOfMessageInUse checks, under the race detector, that a message may be copied while it is read.
func TestCopyOfMessageInUse(t *testing.T) {
	for _, m := range []proto.Message{document(), catalog()} {
		var readers sync.WaitGroup
		for range 2 {
			readers.Go(func() {
				for range 50 {
					use(t, m)
				}
			})
		}
		for range 50 {
			c := *copyOf(t, &m)
			require.True(t, proto.Equal(m, c))
		}
		readers.Wait()
	}
}

// TestExplain checks what is said about the parts of a message.
func TestExplain(t *testing.T) {
	rows := map[string]deep.Row{}
	for _, row := range deep.Explain(reflect.TypeFor[catalogpb.Item]()) {
		rows[row.Path] = row
	}
	for path, rule := range map[string]string{
		"Item.state":                 deep.RuleFresh,
		"Item.sizeCache":             deep.RuleZeroed,
		"Item.unknownFields":         deep.RuleCopied,
		"Item.XXX_lazyUnmarshalInfo": deep.RuleCopied,
		"Item.extensionFields[]":     deep.RuleRefused,
		"Item.xxx_hidden_Kind":       deep.RuleDynamic,
		"Item.xxx_hidden_Child":      deep.RuleCopied,
	} {
		assert.Equal(t, rule, rows[path].Rule, path)
	}
	assert.NotContains(t, rows["Item.sizeCache"].Why, "tag")
	assert.Less(t, len(rows), 40, "the types behind a message's state are not explained")
}
