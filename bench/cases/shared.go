package main

import (
	"context"
	"io"
	"time"
	"unsafe"
	"weak"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// sharedTrials are about what is an identity: a copy of it would be something else.
func sharedTrials() []trial {
	type function struct{ F func() int }
	type channel struct{ C chan int }
	type cancelled struct{ Ctx context.Context }
	type weakly struct {
		W    weak.Pointer[node]
		Keep *node `json:"-"`
	}
	type raw struct{ P unsafe.Pointer }
	calls := 0
	var cancel context.CancelFunc
	return []trial{
		try("func", "the same function",
			func() *function { calls = 0; return &function{func() int { calls++; return calls }} },
			func(src, got *function) error {
				return all(
					that("lost", func() bool { return got.F != nil }),
					that("another function", func() bool { return got.F() == 1 && src.F() == 2 && calls == 2 }))
			}),
		try("chan", "the same channel", func() *channel { return &channel{make(chan int, 1)} },
			func(src, got *channel) error {
				return all(that("another channel", func() bool { return got.C == src.C }))
			}),
		try("context.Context", "still cancelled by its parent",
			func() *cancelled {
				parent, stop := context.WithCancel(context.WithValue(context.Background(), node{}, 1))
				cancel = stop
				child, stopChild := context.WithCancel(parent)
				_ = stopChild // its parent ends it
				return &cancelled{child}
			},
			func(_, got *cancelled) error {
				return all(
					that("lost", func() bool { return got.Ctx != nil && got.Ctx.Err() == nil && got.Ctx.Value(node{}) == 1 }),
					that("not cancelled", func() bool { cancel(); return ended(got.Ctx) }))
			}),
		try("weak.Pointer", "== the original", func() *weakly { n := &node{N: 1}; return &weakly{weak.Make(n), n} },
			func(src, got *weakly) error {
				return all(that("differs", func() bool { return got.W == src.W && got.W.Value() == src.Keep }))
			}),
		try("unsafe.Pointer", "the same address", func() *raw { return &raw{unsafe.Pointer(&node{N: 1})} },
			func(src, got *raw) error { return all(that("differs", func() bool { return got.P == src.P })) }),
		loggerTrial(),
	}
}

// ended reports whether ctx ends within a second.
func ended(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return ctx.Err() != nil
	case <-time.After(time.Second):
		return false
	}
}

// loggerTrial is about a type that stands for something outside of memory.
func loggerTrial() trial {
	type service struct{ Log *zap.Logger }
	var begun time.Time
	t := try("*zap.Logger", "refused, or the same, at once",
		func() *service {
			encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
			core := zapcore.NewCore(encoder, zapcore.AddSync(io.Discard), zap.InfoLevel)
			s := &service{zap.New(core)}
			begun = time.Now()
			return s
		},
		func(src, got *service) error {
			return all(
				that("slow", func() bool { return time.Since(begun) < 10*time.Millisecond }),
				that("lost", func() bool { return got.Log != nil }),
				that("another logger", func() bool { return got.Log == src.Log }))
		})
	t.refusable = true
	return t
}
