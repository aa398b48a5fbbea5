package hooks

import "fmt"

// A Phase is a part of an execution in which user code runs or something can fail.
type Phase uint8

// The phases, in the order in which an execution comes to them.
const (
	PhasePrepare        Phase = iota // before any hook ran: arguments, names, limits, the first copy
	PhaseCopy                        // copying the state, DeepCopy methods included
	PhaseValidateEvent               // a hook's ValidateEvent
	PhaseExecute                     // a hook's Execute
	PhaseValidateResult              // a hook's ValidateResult
	PhaseValidateState               // the executor's validators
	PhaseMerge                       // merging what the members of a parallel group changed
	PhaseBeforeCommit                // a function registered with BeforeCommit
	PhaseCommit                      // the commit itself
	PhaseOnCommit                    // a function registered with OnCommit
	PhaseRollback                    // a hook's Rollback
	PhaseOnRollback                  // a function registered with OnRollback
)

var phaseNames = [...]string{
	"prepare", "copy", "validate event", "execute", "validate result", "validate state",
	"merge", "before commit", "commit", "on commit", "rollback", "on rollback",
}

// String returns the phase's name in plain words, such as "validate event".
func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return fmt.Sprintf("Phase(%d)", uint8(p))
}

// MarshalText returns the phase's name.
func (p Phase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
