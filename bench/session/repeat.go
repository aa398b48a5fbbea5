package session

import (
	"math/rand/v2"
	"runtime"

	"github.com/hooktx/hooks/bench/record"
)

// A Note takes down what was measured: its name, of whom, where on the scale, and how much.
type Note func(name, impl string, at int, value float64) error

// Repeat repeats, as often as the flags say, what is measured in this process, with a ballast, and one round more that is
// not counted. What waits or is abandoned leaves stacks and tables behind, which the next round finds in place.
func (s *Session) Repeat(line Line, part func(Note) error) error {
	ballast := make([]byte, s.Ballast)
	defer runtime.KeepAlive(ballast)
	if err := part(func(string, string, int, float64) error { return nil }); err != nil {
		return err
	}
	for round := range s.Rounds {
		err := part(func(name, impl string, at int, value float64) error {
			return line(record.Figure{Round: round + 1, Name: name, Impl: impl, At: at, Value: value})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Shuffled calls do for all pairs of impls and sizes, in an order that is new each time.
func (s *Session) Shuffled(impls []string, sizes []int, do func(impl string, size int) error) error {
	if s.order == nil {
		s.order = rand.New(rand.NewPCG(s.Seed, 1))
	}
	for _, i := range s.order.Perm(len(impls) * len(sizes)) {
		if err := do(impls[i%len(impls)], sizes[i/len(impls)]); err != nil {
			return err
		}
	}
	return nil
}
