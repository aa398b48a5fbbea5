package main

import (
	"errors"
	"io"
	"reflect"
)

// interfaceTrials are about what interfaces hold.
func interfaceTrials() []trial {
	type pair struct {
		A any
		P *node
	}
	type one struct{ A any }
	type failed struct{ Err error }
	type types struct {
		T reflect.Type
		A any
	}
	type values struct{ V reflect.Value }
	return []trial{
		try("interface that holds a *X of a field", "one object",
			func() *pair { n := &node{N: 1}; return &pair{n, n} },
			func(src, got *pair) error {
				in, _ := got.A.(*node)
				return all(
					that("lost", func() bool { return in != nil && in.N == 1 && got.P != nil }),
					that("shared with original", func() bool { return in != src.P && got.P != src.P }),
					that("two objects", func() bool { return in == got.P }))
			}),
		try("typed nil in any", "a nil of that type", func() *one { return &one{(*node)(nil)} },
			func(_, got *one) error {
				in, ok := got.A.(*node)
				return all(
					that("type lost", func() bool { return ok }),
					that("no longer nil", func() bool { return in == nil }))
			}),
		try("errors.Is(copy.Err, io.EOF)", "the same error",
			func() *failed { return &failed{errors.Join(errors.New("x"), io.EOF)} },
			func(_, got *failed) error {
				return all(
					that("lost", func() bool { return got.Err != nil }),
					that("another error", func() bool { return errors.Is(got.Err, io.EOF) }))
			}),
		try("reflect.Type", "the same type",
			func() *types { return &types{reflect.TypeFor[node](), reflect.TypeFor[[]string]()} },
			func(src, got *types) error {
				return all(that("another type", func() bool { return got.T == src.T && got.A == src.A }))
			}),
		try("reflect.Value", "the same value",
			func() *values { return &values{reflect.ValueOf(&node{N: 1}).Elem()} },
			func(src, got *values) error {
				return all(that("another value", func() bool { return got.V == src.V }))
			}),
	}
}
