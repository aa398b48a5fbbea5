package hooks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/hooktx/hooks/internal/show"
)

// An Effect says what is known of the effect that an undo call is to undo.
type Effect uint8

const (
	// EffectDone says that the hook's Execute returned nil, so its effect happened.
	EffectDone Effect = iota
	// EffectFailed says that Execute failed. Its Rollback is not called then, only the
	// steps that it registered with OnRollback.
	EffectFailed
	// EffectUnknown says that Execute returned an Unknown error, or a BeforeCommit function
	// of the hook was given up. The effect may have happened.
	EffectUnknown
)

var effectNames = [...]string{"done", "failed", "unknown"}

// String returns "done", "failed" or "unknown".
func (e Effect) String() string {
	if int(e) < len(effectNames) {
		return effectNames[e]
	}
	return fmt.Sprintf("Effect(%d)", uint8(e))
}

// MarshalText returns the effect's name.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Info says where a call of user code stands; see InfoFrom.
type Info struct {
	Execution string // the execution's id
	Hook      string // the hook's path
	Index     int    // the hook's place in the chain, or in its group, from 0
	Attempt   int    // counts the starts of this hook's Execute in the round, from 1
	Round     int    // counts the runs of the whole chain, from 1
	Phase     Phase  // what is being called
	DryRun    bool   // no effects are wanted

	// IdempotencyKey names the effect of this call, the same for every start that
	// means the same effect: give it to whatever deduplicates outside. Execute and
	// the calls around it have `execution/path#generation`; an undo call has a key
	// of its own.
	IdempotencyKey string

	// In an undo call: the IdempotencyKey of what it undoes, what is known of that
	// effect, and what Execute returned (nil if it failed).
	Undoes string
	Effect Effect
	Result any
	Late   bool // the hook was abandoned and ended late: Execute of the executor has returned
}

// A scope is what a context knows of the call it was made for. It is written
// before the context is handed out and never after.
type scope struct {
	run       *run    // the execution, nil outside any
	info      Info    // of the call; only Execution is set in ExecutionContext
	record    *record // where Execute may register, nil in every other phase
	requested *string // by WithExecutionID, for an execution begun under this context
}

type scopeKey struct{}

// scopeFrom returns the innermost scope of ctx, nil if there is none.
func scopeFrom(ctx context.Context) *scope {
	s, _ := ctx.Value(scopeKey{}).(*scope)
	return s
}

func (s *scope) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// InfoFrom returns what a call of user code may know of itself. It is false for a
// context that belongs to no call of an executor.
func InfoFrom(ctx context.Context) (Info, bool) {
	if s := scopeFrom(ctx); s != nil && s.info.Hook != "" {
		return s.info, true
	}
	return Info{}, false
}

// WithExecutionID returns a context under which an execution has the given id, in
// place of a random one. The id becomes part of every idempotency key, so it must
// be unique among all executions that can reach the same effects; it must not be
// empty or contain "/" or "#", or the execution is refused.
func WithExecutionID(ctx context.Context, id string) context.Context {
	var s scope
	if outer := scopeFrom(ctx); outer != nil {
		s = *outer
	}
	s.requested = &id
	return s.in(ctx)
}

func checkExecutionID(id string) error {
	if id == "" {
		return invalidArgument("the execution id given to WithExecutionID is empty")
	}
	if strings.ContainsAny(id, "/#") {
		return invalidArgument(fmt.Sprintf(`the execution id %q contains "/" or "#", which separate the parts of idempotency keys`, id))
	}
	if strings.ContainsFunc(id, unicode.IsControl) {
		return invalidArgument(fmt.Sprintf("the execution id %q contains a control character", id))
	}
	return nil
}

// ExecutionContext returns a context that lives until the execution has ended, undoing
// and OnCommit functions included; ctx itself ends with the hook. Use it for what
// outlives a hook and ends with the chain, such as a database transaction shared by
// hooks: begun with a hook's own context it would be rolled back when that hook returns.
//
// It carries the caller's values, but neither the caller's cancellation nor a deadline:
// a transaction that the end of the caller's context had rolled back on its own could
// neither be rolled back in its turn nor committed by the last BeforeCommit function.
// Give single queries the hook's own ctx. Outside a running hook it returns ctx.
func ExecutionContext(ctx context.Context) context.Context {
	if s := scopeFrom(ctx); s != nil && s.record != nil && s.record.open() {
		return s.run.ask().life
	}
	return ctx
}

// BeforeCommit registers fn to run after all hooks have succeeded and just before
// the state is committed: the commit of a database transaction goes here.
//
// The functions run in the order in which their hooks ran and registered them, each
// under RollbackTimeout. An error, a panic or an overrun of any of them fails the
// chain: everything is undone, the hook that registered it included. The caller's
// context and TotalTimeout are looked at for the last time before the last of them
// starts; once that one has returned nil in time, the chain commits. So only one of
// them can be wholly safe, the last: what an earlier one has committed cannot be
// taken back by this library if a later one fails, only by the hooks' rollbacks.
//
// Register it before the effect that it completes. If ctx is not that of a running hook,
// BeforeCommit returns ErrEnded and registers nothing. The functions of a hook that fails, or is dropped, never run.
func BeforeCommit(ctx context.Context, fn func(ctx context.Context) error) error {
	return register(ctx, "BeforeCommit", fn, func(r *registrations) *[]stepFunc { return &r.before })
}

// OnCommit registers fn to run after the commit. The functions run in order, each
// under RollbackTimeout, all of them even if one fails or the caller's context ends
// meanwhile. A failure is reported in Report.AfterCommit and undoes nothing.
//
// If ctx is not that of a running hook, OnCommit returns ErrEnded and registers
// nothing. The functions of a hook that fails, or is dropped, never run.
func OnCommit(ctx context.Context, fn func(ctx context.Context) error) error {
	return register(ctx, "OnCommit", fn, func(r *registrations) *[]stepFunc { return &r.onCommit })
}

// OnRollback registers an undo step. Register it before a risky effect begins: the
// step runs even if the hook then fails, panics or is abandoned (in that case when
// the hook ends at last), after the hook's Rollback if that is due, newest first,
// under the same terms as a Rollback. A hook that has both is undone by both if it
// had succeeded; a step that is meant for a failure alone looks at Info.Effect.
//
// If ctx is not that of a running hook, OnRollback returns ErrEnded and registers
// nothing. A hook must not begin an effect whose undo step was refused.
func OnRollback(ctx context.Context, fn func(ctx context.Context) error) error {
	return register(ctx, "OnRollback", fn, func(r *registrations) *[]stepFunc { return &r.steps })
}

func register(ctx context.Context, what string, fn stepFunc, list func(*registrations) *[]stepFunc) error {
	if fn == nil {
		return &said{ErrInvalidArgument, "hooks: " + what + " was given a nil function"}
	}
	s := scopeFrom(ctx)
	if s == nil || s.record == nil || !s.record.add(list, fn) {
		return fmt.Errorf("hooks: %s: %w", what, ErrEnded)
	}
	return nil
}

// Warn adds a warning to the running hook's Result; it does not fail the hook. The
// text is formatted as by fmt.Sprintf, by the hook's own goroutine. Elsewhere, and
// after the hook has ended, Warn does nothing.
func Warn(ctx context.Context, format string, args ...any) {
	if s := scopeFrom(ctx); s != nil && s.record != nil && s.record.open() {
		s.record.warn(show.Text(fmt.Sprintf(format, args...), maxErrorText))
	}
}

// errHookEnded is the cause with which a hook's context ends when the hook has.
var errHookEnded = errors.New("hooks: the hook has ended")

// errExecutionEnded is the cause with which an execution's context ends.
var errExecutionEnded = errors.New("hooks: the execution has ended")
