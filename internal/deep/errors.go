package deep

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/hooktx/hooks/internal/show"
)

// A NotCopyableError says which part of a value cannot be copied, why, and what to do about it.
type NotCopyableError struct {
	Path   string // from the root's type name on, like Order.Lines[3].Conn
	Shape  string // Path with … for map keys, which are content: for logs
	Type   string // the type found there
	Reason string // what is wrong and what to do
	Err    error  // the cause, if it was a DeepCopy method that failed; may be nil
}

func (e *NotCopyableError) Error() string { return e.text(e.Path) }

// Redacted is Error without map keys.
func (e *NotCopyableError) Redacted() string { return e.text(e.Shape) }

func (e *NotCopyableError) text(path string) string {
	text := "cannot copy " + path + ": " + e.Type + " " + e.Reason
	if e.Err != nil {
		text += ": " + show.Text(e.Err.Error(), 512)
	}
	return text
}

func (e *NotCopyableError) Unwrap() error { return e.Err }

// A TooLargeError says that a value needs more memory than its limit allows. Size is a lower bound: counting ended
// when the limit was passed.
type TooLargeError struct{ Size, Limit int64 }

func (e *TooLargeError) Error() string {
	return "value is too large to copy: it needs at least " + strconv.FormatInt(e.Size, 10) + " bytes and the limit is " +
		strconv.FormatInt(e.Limit, 10) + `; raise the limit, or tag large parts that need no copy ` + tagHint
}

const (
	tagHint    = "`hooks:\"share\"` or `hooks:\"zero\"`"
	refuseHint = "cannot be copied; tag it " + tagHint + ", or give the type that holds it a DeepCopy method"

	protobufHint = "has parts of a message that protobuf alone can copy; give the type that holds the message a DeepCopy " +
		"method that calls proto.Clone, or tag the field " + tagHint
)

// errChanged is the cause when memory seen by the first pass is gone in the second.
var errChanged = errors.New("the value changed while it was being copied; let nothing write it meanwhile")

// A panicError is a panic of a user's DeepCopy method.
type panicError struct{ value any }

func (e *panicError) Error() string {
	if err, ok := e.value.(error); ok {
		return "panic: " + safeText(err)
	}
	return "panic: " + show.Value(e.value)
}

func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// safeText is err.Error(), or what can be said if that panics.
func safeText(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T (its Error method panics)", err)
		}
	}()
	return show.Text(err.Error(), 512)
}
