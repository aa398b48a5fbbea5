package prototest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/gofeaturespb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/hooktx/hooks/internal/deep"
	"github.com/hooktx/hooks/internal/deep/prototest/catalogpb"
)

// features has an extension that is a message.
func features() *descriptorpb.FeatureSet {
	f := &descriptorpb.FeatureSet{}
	proto.SetExtension(f, gofeaturespb.E_Go, &gofeaturespb.GoFeatures{
		ApiLevel: gofeaturespb.GoFeatures_API_OPAQUE.Enum(),
	})
	return f
}

func labelled() *catalogpb.Item {
	m := catalog()
	proto.SetExtension(m, catalogpb.E_Label, "label")
	return m
}

// TestRefused checks that what protobuf alone can copy is refused, with the place and a remedy.
func TestRefused(t *testing.T) {
	type holder struct{ V any }
	doc := document()
	view := doc.ProtoReflect()
	fields := view.Descriptor().Fields().Get(0)
	forgotten := &structpb.Struct{}
	blank := forgotten.ProtoReflect()
	*forgotten = structpb.Struct{}
	for _, tt := range []struct {
		name, reason string
		v            any
		path         string
	}{
		{"extension, a message", "it lies behind an unsafe.Pointer", features(), "holder.V.extensionFields[1002]"},
		{"extension, a string", "likewise", labelled(), "holder.V.extensionFields[100]"},
		{"extension, decoded", "it may not even be decoded yet", decoded(&descriptorpb.FeatureSet{}, features()),
			"holder.V.extensionFields[1002]"},
		{"extension within", "the path leads to it", &descriptorpb.FileDescriptorProto{
			Options: &descriptorpb.FileOptions{Features: features()},
		}, "holder.V.Options.Features.extensionFields[1002]"},
		{"dynamic message", "its fields are protoreflect.Values", dynamicpb.NewMessage(view.Descriptor()), "holder.V"},
		{"view of a message", "a copy of the view alone would be a few bytes of the message", view, "holder.V"},
		{"view of a message without state", "it is as dangerous, and all zero", blank, "holder.V"},
		{"view of a nil message", "it is no message", (*structpb.Struct)(nil).ProtoReflect(), "holder.V"},
		{"view of a map", "it would still be the original's", view.Get(fields).Map(), "holder.V"},
		{"value", "what it holds is known to protobuf alone", view.Get(fields), "holder.V"},
		{"key", "likewise", protoreflect.ValueOfString("key").MapKey(), "holder.V"},
	} {
		v := &holder{tt.v}
		nc := refusal(t, v)
		assert.Equal(t, tt.path, nc.Path, tt.name)
		assert.Contains(t, nc.Error(), "proto.Clone", tt.name)
		assert.Contains(t, nc.Error(), `hooks:"share"`, tt.name)
		_, err := deep.Size(v, deep.Options{})
		assert.NoError(t, err, "Size refuses nothing")
		assert.True(t, deep.Equal(v, v))
	}
}

// TestRefusedByStaticType checks that fields of those types are refused unless they hold nothing.
func TestRefusedByStaticType(t *testing.T) {
	type holder struct {
		M protoreflect.Message
		L protoreflect.List
		V protoreflect.Value
		D *dynamicpb.Message
		E protoreflect.ProtoMessage
	}
	copyOf(t, &holder{})
	view := catalog().ProtoReflect()
	assert.Equal(t, "holder.M", refusal(t, &holder{M: view}).Path)
	assert.Equal(t, "holder.V", refusal(t, &holder{V: protoreflect.ValueOfString("text")}).Path)
	assert.Equal(t, "holder.D", refusal(t, &holder{D: dynamicpb.NewMessage(view.Descriptor())}).Path)
	tags := view.Descriptor().Fields().ByName("tags")
	assert.Equal(t, "holder.L", refusal(t, &holder{L: view.Get(tags).List()}).Path)
	assert.Equal(t, "holder.E", refusal(t, &holder{E: dynamicpb.NewMessage(view.Descriptor())}).Path)
}

// TestExtensionsAreCompared checks that an extension that is not the same one is a change.
func TestExtensionsAreCompared(t *testing.T) {
	a, b := labelled(), labelled()
	assert.True(t, deep.Equal(a, a))
	proto.SetExtension(b, catalogpb.E_Label, "other")
	assert.False(t, deep.Equal(a, b))
	proto.ClearExtension(b, catalogpb.E_Label)
	assert.False(t, deep.Equal(a, b))
}

// A clone copies its message as the error of a refusal says.
type clone struct{ M *catalogpb.Item }

func (c clone) DeepCopy() clone { return clone{proto.CloneOf(c.M)} }

func TestRemedies(t *testing.T) {
	type holder struct {
		Own    clone
		Shared *descriptorpb.FeatureSet `hooks:"share"`
		Zero   *descriptorpb.FeatureSet `hooks:"zero"`
		Ignore protoreflect.Message     `hooks:"-"`
	}
	h := &holder{clone{labelled()}, features(), features(), document().ProtoReflect()}
	c, _, err := deep.Copy(h, deep.Options{})
	require.NoError(t, err)
	assert.Same(t, h.Shared, c.Shared)
	assert.Nil(t, c.Zero)
	assert.Equal(t, "label", proto.GetExtension(c.Own.M, catalogpb.E_Label))
	requireMessageCopy(t, h.Own.M, c.Own.M)
}
