package shapes

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Message is a generated protobuf message of some three hundred objects: the descriptor of a file with eight message
// types. By hand one calls proto.Clone.
var Message = Shape[descriptorpb.FileDescriptorProto]{
	Key: "j", Name: "protobuf message (hand: proto.Clone)",
	Make: makeMessage,
	Hand: func(in *descriptorpb.FileDescriptorProto) *descriptorpb.FileDescriptorProto {
		return proto.Clone(in).(*descriptorpb.FileDescriptorProto)
	},
	Verify: verifyMessage,
	Equal:  func(a, b *descriptorpb.FileDescriptorProto) bool { return proto.Equal(a, b) },
}

func makeMessage() *descriptorpb.FileDescriptorProto {
	r := source(10)
	file := &descriptorpb.FileDescriptorProto{
		Name: proto.String("shop/order.proto"), Package: proto.String("shop"), Syntax: proto.String("proto3"),
		Dependency: []string{"google/protobuf/timestamp.proto", "google/protobuf/any.proto"},
		Options:    &descriptorpb.FileOptions{GoPackage: proto.String("example.com/shop"), Deprecated: proto.Bool(false)},
	}
	for range 8 {
		m := &descriptorpb.DescriptorProto{Name: proto.String("M" + word(r))}
		for n := range int32(12) {
			m.Field = append(m.Field, &descriptorpb.FieldDescriptorProto{
				Name: proto.String("f" + word(r)), Number: proto.Int32(n + 1), JsonName: proto.String("f" + word(r)),
				Type:    descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(),
				Label:   descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
				Options: &descriptorpb.FieldOptions{Lazy: proto.Bool(n%2 == 0)},
			})
		}
		file.MessageType = append(file.MessageType, m)
	}
	return file
}

// verifyMessage asks protobuf itself whether got equals src, then overwrites got and looks at src again.
func verifyMessage(src, got *descriptorpb.FileDescriptorProto) error {
	if !proto.Equal(src, got) || !proto.Equal(got, makeMessage()) {
		return errors.New("not equal")
	}
	if err := usable(got); err != nil {
		return err
	}
	scribbleMessage(got.ProtoReflect())
	if !proto.Equal(src, makeMessage()) {
		return errors.New("shares memory")
	}
	return nil
}

// usable encodes and decodes m, which needs the runtime's own fields in it to be sound.
func usable(m proto.Message) error {
	wire, err := proto.Marshal(m)
	if err != nil {
		return fmt.Errorf("unusable: %w", err)
	}
	back := m.ProtoReflect().New().Interface()
	if err := proto.Unmarshal(wire, back); err != nil || !proto.Equal(m, back) {
		return errors.New("unusable: not what it encodes to")
	}
	return nil
}

// scribbleMessage overwrites every string in m and in the messages below it.
func scribbleMessage(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				scribbleMessage(v.List().Get(i).Message())
			}
		case f.IsList() && f.Kind() == protoreflect.StringKind:
			v.List().Set(0, protoreflect.ValueOfString("scribbled"))
		case f.Message() != nil:
			scribbleMessage(v.Message())
		case f.Kind() == protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOfString("scribbled"))
		}
		return true
	})
}
