package hooks

import (
	"errors"
	"fmt"
	"math"
	"time"

	"go.uber.org/zap"
)

// NoLimit is the value of a limit in Config or Options that says that there is none.
// In JSON it is "none".
const NoLimit = math.MaxInt64

// Config configures an Executor. The zero Config is the safe default and ready to
// use. Of a limit, 0 means the default, NoLimit that there is none, and a negative
// value is an error.
//
// A Config is read from JSON strictly: an unknown key is an error that names it.
// Durations are strings such as "30s".
type Config struct {
	// Name tells executors apart in logs.
	Name string `json:"name"`

	Execution  ExecutionConfig  `json:"execution"`
	Validation ValidationConfig `json:"validation"`
	Monitoring MonitoringConfig `json:"monitoring"`

	// Logger gets every failure, with execution, hook and phase, never the content
	// of a state. nil: silent. It may panic, but must not block.
	Logger *zap.Logger `json:"-"`

	// Trace gets called as executions go on. nil: nothing is called.
	Trace *Trace `json:"-"`
}

// ExecutionConfig configures how hooks are run and undone.
type ExecutionConfig struct {
	// DefaultTimeout limits a hook (its ValidateEvent and Execute together) that
	// has no Timeout of its own, wall clock. ValidateResult and the validators
	// share a second budget of the same length. It also limits the DeepCopy
	// methods of one copy of the state. Default 30s.
	DefaultTimeout time.Duration `json:"default_timeout"`

	// RollbackTimeout limits one call of a Rollback or of a function registered
	// with OnRollback, BeforeCommit or OnCommit. Default 30s.
	RollbackTimeout time.Duration `json:"rollback_timeout"`

	// TotalRollbackTimeout limits all undo calls of an execution together. What is
	// left when it is used up is not called, and reported as failed. Default none.
	TotalRollbackTimeout time.Duration `json:"total_rollback_timeout"`

	// TotalTimeout limits an execution from its start to its commit, and is looked at
	// for the last time before the last BeforeCommit function. Undoing and the
	// OnCommit functions come on top. Default none.
	TotalTimeout time.Duration `json:"total_timeout"`

	// Grace is how long, after its context has ended, a hook is given to end by
	// itself before it is abandoned. Default: a few scheduler yields, which is
	// enough for a hook that watches its context itself. One that waits for others
	// to notice, such as an HTTP client, takes some milliseconds. It cannot be NoLimit.
	Grace time.Duration `json:"grace"`

	// DisableSnapshots lets hooks work on the caller's state itself, for hooks that
	// undo their own changes. Nothing is copied or restored: the state is neither
	// atomic nor isolated then, validators get no Before, MaxStateSize and
	// TrackChanges do not apply, and what needs a copy (Continue, Retry, Parallel,
	// DryRun, ExecuteShared) is refused with ErrUnsupported.
	DisableSnapshots bool `json:"disable_snapshots"`

	// DisableRollback calls no Rollback and no OnRollback function, late ones
	// included. The state is restored as ever.
	DisableRollback bool `json:"disable_rollback"`

	// MaxStateSize limits the state, in bytes of memory: what a copy of it takes, and
	// the strings that it holds, though copies share them. A chain without hooks makes no
	// copy, and has no such limit. Default 10 MiB.
	MaxStateSize int64 `json:"max_state_size"`

	// MaxAbandoned is the number of calls past their limit and still running at
	// which the executor refuses new work. Default 1000.
	MaxAbandoned int64 `json:"max_abandoned"`

	// MaxRounds is how often a chain is run that loses what it did to cells to others
	// (see Shared), before it fails with ErrConflict: 1 means that it is not run again.
	// A chain is not run again either if something of it could not be undone, if a call
	// was abandoned, or if DisableSnapshots is set. Default 4.
	MaxRounds int64 `json:"max_rounds"`
}

// ValidationConfig configures what is validated.
type ValidationConfig struct {
	SkipEvent  bool `json:"skip_event"`  // call no ValidateEvent
	SkipResult bool `json:"skip_result"` // call no ValidateResult
	SkipState  bool `json:"skip_state"`  // call no Validator

	// Validators are the names of the validators, of those given to New, that are
	// to run, in this order. Empty: all of them, in the order given.
	Validators []string `json:"validators"`
}

// MonitoringConfig configures what is recorded.
type MonitoringConfig struct {
	SkipTiming      bool `json:"skip_timing"`      // leave durations and histograms empty
	TrackChanges    bool `json:"track_changes"`    // fill Result.Changes, with content of the state; may cost a copy per hook
	DetailedLogging bool `json:"detailed_logging"` // log starts, ends, commits and copies too
}

const (
	defaultTimeout      = 30 * time.Second
	defaultMaxStateSize = 10 << 20
	defaultMaxAbandoned = 1000
	defaultMaxRounds    = 4
)

// Validate returns an error that matches ErrInvalidConfig and names every bad field,
// nil if there is none.
func (c Config) Validate() error {
	var bad []error
	for f := range settings(&c) {
		if n, limit := f.limit(); limit && n < 0 {
			bad = append(bad, fmt.Errorf("%s is negative (%s); 0 means the default, NoLimit none", f.path, f))
		}
	}
	if c.Execution.Grace == NoLimit {
		bad = append(bad, errors.New("execution.grace is NoLimit; a hook that never ends would never be abandoned"))
	}
	seen := map[string]bool{}
	for i, name := range c.Validation.Validators {
		if seen[name] {
			bad = append(bad, fmt.Errorf("validation.validators[%d] names %q again", i, name))
		}
		seen[name] = true
	}
	if bad == nil {
		return nil
	}
	return invalidConfig(errors.Join(bad...))
}

// withDefaults returns c with every limit that is 0 set to its default.
func (c Config) withDefaults() Config {
	e := &c.Execution
	setDefault(&e.DefaultTimeout, defaultTimeout)
	setDefault(&e.RollbackTimeout, defaultTimeout)
	setDefault(&e.TotalRollbackTimeout, NoLimit)
	setDefault(&e.TotalTimeout, NoLimit)
	setDefault(&e.MaxStateSize, defaultMaxStateSize)
	setDefault(&e.MaxAbandoned, defaultMaxAbandoned)
	setDefault(&e.MaxRounds, defaultMaxRounds)
	return c
}

func setDefault[N ~int64](n *N, value N) {
	if *n == 0 {
		*n = value
	}
}
