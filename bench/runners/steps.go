package runners

import "context"

// A step is what a hook does to a state.
type step[S any] func(ctx context.Context, s *S) error

// A style makes the step of hook i.
type style[S any] func(k kind[S], i int) step[S]

// plain is a hook that does next to nothing, so that what is measured is all that is around it.
func plain[S any](k kind[S], i int) step[S] {
	progress := k.progress
	return func(_ context.Context, s *S) error {
		progress(s).mark(i)
		return nil
	}
}

// asking also asks for ctx.Done, as hooks do that call something which can be cancelled.
func asking[S any](k kind[S], i int) step[S] {
	progress := k.progress
	return func(ctx context.Context, s *S) error {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		default:
		}
		progress(s).mark(i)
		return nil
	}
}

// deep also needs a stack of 64 kB, as hooks do that call into a database or a template.
func deep[S any](k kind[S], i int) step[S] {
	progress := k.progress
	return func(_ context.Context, s *S) error {
		sink(descend(frames))
		progress(s).mark(i)
		return nil
	}
}

// frames is how many calls deep goes, of a kilobyte each.
const frames = 64

// descend calls itself with a kilobyte on the stack each time.
//
//go:noinline
func descend(left int) byte {
	var frame [1024]byte
	frame[left] = byte(left)
	if left == 0 {
		return frame[0]
	}
	return descend(left-1) + frame[left]
}

// sink takes what nobody wants.
//
//go:noinline
func sink(byte) {}

// of makes n steps.
func (st style[S]) of(k kind[S], n int) []step[S] {
	steps := make([]step[S], n)
	for i := range steps {
		steps[i] = st(k, i)
	}
	return steps
}

// trivial makes the steps that most runners are measured with.
func trivial(n int) []step[Small] { return style[Small](plain[Small]).of(small, n) }
