package prototest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/gofeaturespb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/hooktx/hooks/internal/deep"
	"github.com/hooktx/hooks/internal/deep/prototest/catalogpb"
)

// messages makes one message of each kind, new ones on every call.
var messages = []struct {
	name, reason string
	lazy         bool // reading it decodes parts of it
	make         func() proto.Message
}{
	{"empty", "it has nothing but a state", false, func() proto.Message { return &emptypb.Empty{} }},
	{"timestamp", "its fields are plain", false, func() proto.Message { return &timestamppb.Timestamp{Seconds: 1, Nanos: 2} }},
	{"duration", "its fields are plain", false, func() proto.Message { return &durationpb.Duration{Seconds: 1} }},
	{"bytes", "bytes have memory of their own", false, func() proto.Message { return wrapperspb.Bytes([]byte("bytes")) }},
	{"field mask", "a list of strings", false, func() proto.Message { return &fieldmaskpb.FieldMask{Paths: []string{"a.b", "c"}} }},
	{"any", "a message in a message, as bytes", false, packed},
	{"struct", "maps, lists, and oneofs in interfaces", false, func() proto.Message { return document() }},
	{"file", "proto2: optional fields are pointers, options have room for extensions", false, func() proto.Message {
		return protodesc.ToFileDescriptorProto(descriptorpb.File_google_protobuf_descriptor_proto)
	}},
	{"options", "the map of extensions is there and empty", false, func() proto.Message {
		o := &descriptorpb.FeatureSet{FieldPresence: descriptorpb.FeatureSet_IMPLICIT.Enum()}
		proto.SetExtension(o, gofeaturespb.E_Go, &gofeaturespb.GoFeatures{})
		proto.ClearExtension(o, gofeaturespb.E_Go)
		return o
	}},
	{"unknown fields", "they are bytes, of the message itself and of those in it", false, func() proto.Message {
		return decoded(&emptypb.Empty{}, document())
	}},
	{"opaque", "presence bits, lists behind pointers", false, func() proto.Message { return catalog() }},
	{"opaque, not yet decoded", "fields that are decoded when they are read", true, func() proto.Message {
		return decoded(&catalogpb.Item{}, catalog())
	}},
	{"opaque, decoded by and by", "one field was read, the one in it was not", true, func() proto.Message {
		m := decoded(&catalogpb.Item{}, catalog())
		_ = m.GetLate().GetName()
		return m
	}},
}

func packed() proto.Message {
	a, err := anypb.New(document())
	if err != nil {
		panic(err)
	}
	return a
}

func document() *structpb.Struct {
	s, err := structpb.NewStruct(map[string]any{
		"null": nil, "number": 1.5, "text": strings.Repeat("text ", 3), "yes": true,
		"list": []any{1, "two", []any{}, map[string]any{"deep": []any{nil}}},
		"map":  map[string]any{"a": map[string]any{}},
	})
	if err != nil {
		panic(err)
	}
	return s
}

func catalog() *catalogpb.Item {
	leaf := func(name string) *catalogpb.Item {
		return catalogpb.Item_builder{Name: &name, Raw: []byte(name)}.Build()
	}
	late := leaf("late")
	late.SetLate(leaf("later"))
	return catalogpb.Item_builder{
		Name: proto.String("root"), Count: proto.Int32(0), Raw: []byte{1, 2, 3}, Child: leaf("child"), Late: late,
		Parts: []*catalogpb.Item{leaf("a"), leaf("b")}, ByName: map[string]*catalogpb.Item{"c": leaf("c")},
		Tags: []string{"x", "y"}, Item: leaf("one of them"),
	}.Build()
}

// decoded is m after src's bytes were read into it.
func decoded[M proto.Message](m M, src proto.Message) M {
	b, err := proto.Marshal(src)
	if err == nil {
		err = proto.Unmarshal(b, m)
	}
	if err != nil {
		panic(err)
	}
	return m
}

// TestMessages checks that the copy of a message is one: on its own and wherever messages are held, whether or not the
// message was used before, and so that copy and original are independent.
func TestMessages(t *testing.T) {
	for _, tt := range messages {
		t.Run(tt.name, func(t *testing.T) {
			for _, used := range []bool{false, true} {
				for where, copied := range holders {
					m := tt.make()
					if used {
						use(t, m)
					}
					c := copied(t, m)
					require.NotNil(t, c, where)
					requireMessageCopy(t, m, c)
				}
			}
		})
	}
}

// holders are the places where a message may be. Each copies a value with m in it, and returns what m became.
var holders = map[string]func(t testing.TB, m proto.Message) proto.Message{
	"interface": func(t testing.TB, m proto.Message) proto.Message { return *copyOf(t, &m) },
	"any":       func(t testing.TB, m proto.Message) proto.Message { return (*copyOf(t, &[]any{m}))[0].(proto.Message) },
	"field": func(t testing.TB, m proto.Message) proto.Message {
		return copyOf(t, &struct {
			n int
			m proto.Message
		}{1, m}).m
	},
	"map": func(t testing.TB, m proto.Message) proto.Message {
		return (*copyOf(t, &map[string]proto.Message{"m": m, "nil": nil}))["m"]
	},
	"twice": func(t testing.TB, m proto.Message) proto.Message {
		c := copyOf(t, &[2]any{m, []proto.Message{m}})
		require.Same(t, c[0], c[1].([]proto.Message)[0], "one message stays one")
		return c[0].(proto.Message)
	},
	"copy of a copy": func(t testing.TB, m proto.Message) proto.Message { return *copyOf(t, copyOf(t, &m)) },
	"assigned": func(t testing.TB, m proto.Message) proto.Message {
		var home proto.Message = &emptypb.Empty{}
		shell, _, err := deep.CopyFor(&home, &m, deep.Options{})
		require.NoError(t, err)
		deep.Assign(&home, shell)
		return home
	},
}

// TestMessagesByValue checks messages that structs, slices and maps hold without a pointer, as roots too.
func TestMessagesByValue(t *testing.T) {
	type order struct {
		When  timestamppb.Timestamp
		Meta  structpb.Struct
		Items [2]catalogpb.Item
		List  []durationpb.Duration
		Map   map[string]timestamppb.Timestamp
		Last  *timestamppb.Timestamp
	}
	o := &order{List: []durationpb.Duration{{Seconds: 1}}, Map: map[string]timestamppb.Timestamp{"a": {Seconds: 2}}}
	proto.Merge(&o.Meta, document())
	proto.Merge(&o.Items[1], catalog())
	o.When.Seconds, o.Last = 7, &o.When
	use(t, &o.When)
	c := copyOf(t, o)
	assert.Same(t, &c.When, c.Last)
	assert.EqualValues(t, 2, c.Map["a"].Seconds)
	requireMessageCopy(t, &o.When, &c.When)
	requireMessageCopy(t, &o.Meta, &c.Meta)
	requireMessageCopy(t, &o.Items[0], &c.Items[0])
	requireMessageCopy(t, &o.Items[1], &c.Items[1])
	requireMessageCopy(t, &o.List[0], &c.List[0])

	m := document()
	requireMessageCopy(t, m, copyOf(t, m))
}

// TestAssignedMessage checks a root that is a message itself: Assign leaves it usable, whatever it held.
func TestAssignedMessage(t *testing.T) {
	for _, used := range []bool{false, true} {
		home, m := &structpb.Struct{Fields: map[string]*structpb.Value{"old": structpb.NewNullValue()}}, document()
		if used {
			use(t, home)
			use(t, m)
		}
		shell, _, err := deep.CopyFor(home, m, deep.Options{})
		require.NoError(t, err)
		deep.Assign(home, shell)
		requireUnchanged(t, m, home)
		requireMessageCopy(t, m, home)
	}
}

// TestNilMessages checks that nil stays nil, in all its forms.
func TestNilMessages(t *testing.T) {
	type holder struct {
		P *structpb.Struct
		M proto.Message
		A any
	}
	c := copyOf(t, &holder{M: (*structpb.Struct)(nil), A: (*catalogpb.Item)(nil)})
	assert.Nil(t, c.P)
	assert.Equal(t, (*structpb.Struct)(nil), c.M)
	assert.Equal(t, (*catalogpb.Item)(nil), c.A)
	assert.False(t, c.M.ProtoReflect().IsValid())
}

// TestLazyCopies checks that original and copy of a message decode their lazy fields apart.
func TestLazyCopies(t *testing.T) {
	m := decoded(&catalogpb.Item{}, catalog())
	c := copyOf(t, m)
	c.GetLate().SetName("changed")
	c.GetLate().GetLate().GetRaw()[0] = 'X'
	assert.Equal(t, "late", m.GetLate().GetName())
	assert.Equal(t, "later", string(m.GetLate().GetLate().GetRaw()))
	assert.Equal(t, "Xater", string(c.GetLate().GetLate().GetRaw()))
	assert.True(t, proto.Equal(m, catalog()))
}

// TestDescriptors checks that what describes messages is one and the same in every copy.
func TestDescriptors(t *testing.T) {
	type described struct {
		Type  protoreflect.MessageType
		Desc  protoreflect.MessageDescriptor
		File  protoreflect.FileDescriptor
		Field protoreflect.FieldDescriptor
		Ext   protoreflect.ExtensionType
		ExtD  protoreflect.FieldDescriptor
		Enum  protoreflect.EnumType
		Any   any
	}
	m := document().ProtoReflect()
	d := &described{
		m.Type(), m.Descriptor(), m.Descriptor().ParentFile(), m.Descriptor().Fields().Get(0), gofeaturespb.E_Go,
		gofeaturespb.E_Go.TypeDescriptor(), structpb.NullValue(0).Type(), m.Descriptor(),
	}
	assert.True(t, *d == *copyOf(t, d))
}

// A legacy message is as generators before the year 2020 made it.
type legacy struct {
	Name                 *string `protobuf:"bytes,1,opt,name=name"`
	Next                 *legacy `protobuf:"bytes,2,opt,name=next"`
	XXX_NoUnkeyedLiteral struct{}
	XXX_unrecognized     []byte
	XXX_sizecache        int32
}

func (m *legacy) Reset() { *m = legacy{} }
func (m *legacy) String() string {
	return protoadapt.MessageV2Of(m).(interface{ String() string }).String()
}
func (*legacy) ProtoMessage() {}

func TestLegacyMessage(t *testing.T) {
	m := &legacy{Name: proto.String("a"), Next: &legacy{Name: proto.String("b"), XXX_unrecognized: []byte("\x50\x01")}}
	before := copyOf(t, m)
	bytes := marshal(t, protoadapt.MessageV2Of(m))
	require.NotZero(t, m.XXX_sizecache)
	requireUnchanged(t, m, before)
	c := copyOf(t, m)
	assert.Zero(t, c.XXX_sizecache)
	assert.Equal(t, bytes, marshal(t, protoadapt.MessageV2Of(c)))
	*c.Next.Name, c.Next.XXX_unrecognized[1] = "changed", 2
	assert.Equal(t, bytes, marshal(t, protoadapt.MessageV2Of(m)))
}
