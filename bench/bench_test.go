package main

import (
	"testing"

	"github.com/hooktx/hooks/bench/runners"
	"github.com/hooktx/hooks/bench/suite"
)

// The benchmarks have the main rows of the comparison: go-clone and others that may end the process are left to the
// program, which gives them one of their own. Of chains they have all.
//
//	go test -run '^$' -bench Copy -count 10 . | benchstat -col /impl -
//	go test -run '^$' -bench Chain/shape=5 -count 10 . | benchstat -col /impl -

func BenchmarkCopy(b *testing.B) {
	benchmark(b, suite.Sources(), suite.Copy, suite.Hand, suite.HandModern, suite.Hooks, "hooks-measured")
}

func BenchmarkEqual(b *testing.B) {
	benchmark(b, suite.Sources(), suite.Equal, suite.Hooks, suite.Reflect)
}

func BenchmarkDiff(b *testing.B) {
	benchmark(b, suite.Sources(), suite.Diff, suite.DiffEqual, suite.Hooks)
}

// BenchmarkChain runs chains; the shape is the number of hooks.
func BenchmarkChain(b *testing.B) {
	var impls []string
	for _, r := range runners.All {
		impls = append(impls, r.Key)
	}
	benchmark(b, runners.Sources(runners.Lengths...), suite.Chain, impls...)
}

// benchmark checks and then runs the given implementations on every shape.
func benchmark(b *testing.B, sources []suite.Source, k suite.Kind, impls ...string) {
	for _, src := range sources {
		subject := src.New()
		for _, task := range subject.Tasks(k) {
			for _, impl := range impls {
				if task.Impl == impl {
					b.Run("shape="+task.Shape+"/impl="+impl, func(b *testing.B) { benchmarkTask(b, subject, task) })
				}
			}
		}
	}
}

func benchmarkTask(b *testing.B, subject suite.Subject, task suite.Task) {
	if err := subject.Check(task); err != nil {
		b.Fatal(err)
	}
	if err := subject.Run(task, 1); err != nil { // what it builds first is not counted
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := subject.Run(task, b.N); err != nil {
		b.Fatal(err)
	}
	subject.Drop()
}
