package hooks

// The memory that outlives an execution comes in two pieces: the report, which the caller
// keeps, and the run with the contexts of its hooks, which the hooks may keep. A room is a
// piece for a short chain. (One piece for both would let a kept report hold the caller's
// context, and a kept context all results.)

const (
	fewHooks     = 1
	severalHooks = 5
)

type (
	smallRun struct {
		run
		hooks [fewHooks]hookContext
	}
	middleRun struct {
		run
		hooks [severalHooks]hookContext
	}
	smallReport struct {
		Report
		hooks [fewHooks]brief
	}
	middleReport struct {
		Report
		hooks [severalHooks]brief
	}
)

// newRun returns a run with room for n hooks.
func newRun(n int) *run {
	switch {
	case n <= fewHooks:
		r := new(smallRun)
		r.run.hooks = r.hooks[:n]
		return &r.run
	case n <= severalHooks:
		r := new(middleRun)
		r.run.hooks = r.hooks[:n]
		return &r.run
	}
	return &run{hooks: make([]hookContext, n)}
}

// newReport returns a report with room for n hooks.
func newReport(n int) *Report {
	switch {
	case n <= fewHooks:
		r := new(smallReport)
		r.Report.hooks = r.hooks[:n]
		return &r.Report
	case n <= severalHooks:
		r := new(middleReport)
		r.Report.hooks = r.hooks[:n]
		return &r.Report
	}
	return &Report{hooks: make([]brief, n)}
}
