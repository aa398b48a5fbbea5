package main

import (
	"container/list"
	"math/big"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unique"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// libraryTrials are about types of the standard library and others that everybody uses.
func libraryTrials() []trial {
	return append(valueTrials(), containerTrials()...)
}

func valueTrials() []trial {
	zone := time.FixedZone("X", 3600)
	type times struct{ Now, Zoned time.Time }
	type number struct{ N *big.Int }
	type address struct{ A netip.Addr }
	type handle struct{ H unique.Handle[string] }
	type link struct{ U *url.URL }
	return []trial{
		try("time.Time, zone and monotonic clock", "== the original",
			func() *times { return &times{time.Now(), time.Unix(1e9, 1).In(zone)} },
			func(src, got *times) error {
				return all(
					that("another instant", func() bool { return got.Now.Equal(src.Now) && got.Zoned.Equal(src.Zoned) }),
					that("zone lost", func() bool { return got.Zoned.Location() == zone }),
					that("clock reading lost", func() bool { return *got == *src }))
			}),
		try("*big.Int", "equal, its own memory", func() *number { return &number{new(big.Int).Lsh(big.NewInt(5), 100)} },
			func(src, got *number) error {
				return all(
					that("lost", func() bool { return got.N != nil && got.N.Cmp(src.N) == 0 }),
					that("shared with original", func() bool {
						got.N.Bits()[0]++
						return got.N != src.N && got.N.Cmp(src.N) != 0
					}))
			}),
		try("netip.Addr with a zone", "== the original",
			func() *address { return &address{netip.MustParseAddr("fe80::1%eth0")} },
			func(src, got *address) error { return all(that("differs", func() bool { return got.A == src.A })) }),
		try("unique.Handle", "== the original", func() *handle { return &handle{unique.Make("x")} },
			func(src, got *handle) error { return all(that("differs", func() bool { return got.H == src.H })) }),
		try("*url.URL with user info", "equal, its own memory",
			func() *link { u, _ := url.Parse("https://ann:secret@example.com/a?b=c#d"); return &link{u} },
			func(src, got *link) error {
				return all(
					that("lost", func() bool { return got.U != nil }),
					that("user info lost", func() bool { return got.U.String() == src.U.String() }),
					that("shared with original", func() bool { return got.U != src.U && got.U.User != src.U.User }))
			}),
	}
}

func containerTrials() []trial {
	type builder struct{ B *strings.Builder }
	type pattern struct{ R *regexp.Regexp }
	type message struct{ M *structpb.Struct }
	return []trial{
		try("container/list, used afterwards", "a list of its own",
			func() *list.List { l := list.New(); l.PushBack(1); l.PushBack(2); return l }, judgeList),
		try("strings.Builder, written afterwards", "a builder of its own",
			func() *builder { b := &strings.Builder{}; b.WriteString("abc"); return &builder{b} },
			func(src, got *builder) error {
				return all(
					that("lost", func() bool { return got.B != nil && got.B.String() == "abc" }),
					that("writes to the original", func() bool {
						got.B.WriteString("d")
						return got.B.String() == "abcd" && src.B.String() == "abc"
					}))
			}),
		try("*regexp.Regexp, used afterwards", "works",
			func() *pattern { return &pattern{regexp.MustCompile(`(\d+)-(\w+)`)} },
			func(_, got *pattern) error {
				return all(
					that("lost", func() bool { return got.R != nil }),
					that("does not work", func() bool {
						m := got.R.FindStringSubmatch("x 12-ab y")
						return len(m) == 3 && m[2] == "ab"
					}))
			}),
		try("protobuf message, used afterwards", "equal, its own memory",
			func() *message {
				m, _ := structpb.NewStruct(map[string]any{"a": 1.5, "b": []any{"x", true}, "c": map[string]any{"d": nil}})
				_, _ = proto.Marshal(m) // a message that has been used
				return &message{m}
			}, func(src, got *message) error {
				return all(
					that("lost", func() bool { return got.M != nil && got.M != src.M }),
					that("not equal", func() bool { return proto.Equal(src.M, got.M) }),
					that("does not encode", func() bool { wire, err := proto.Marshal(got.M); return err == nil && len(wire) > 0 }),
					that("shared with original", func() bool {
						got.M.Fields["a"].Kind.(*structpb.Value_NumberValue).NumberValue = 9
						return src.M.Fields["a"].GetNumberValue() == 1.5
					}))
			}),
	}
}

func judgeList(src, got *list.List) error {
	return all(
		that("lost", func() bool { return got.Len() == 2 && got.Front() != nil && got.Front().Value == 1 }),
		that("shared with original", func() bool { return got.Front() != src.Front() }),
		that("does not work", func() bool {
			got.PushBack(3)
			got.MoveToFront(got.Back())
			got.Remove(got.Back())
			return got.Len() == 2 && got.Front().Value == 3 && got.Back().Value == 1
		}),
		that("writes to the original", func() bool { return src.Len() == 2 && src.Back().Value == 2 }))
}
