package mishap

import (
	"fmt"
	"runtime/debug"
)

// Error is a panic that was recovered.
type Error struct {
	// Value is what was panicked with, as text.
	Value string
	// Stack is that of the goroutine in which it happened, for whoever mends it.
	Stack string
}

// Error says what it is; the stack is not part of it.
func (e *Error) Error() string { return "a mistake in sluice: " + e.Value }

// Guard returns what f does, or an *Error where f panics.
func Guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Of(p)
		}
	}()
	return f()
}

// Of is the *Error for what was recovered just now. One that was carried here by
// another panic stays as it is, with the stack of where it began.
func Of(recovered any) *Error {
	if e, ok := recovered.(*Error); ok {
		return e
	}
	return &Error{Value: fmt.Sprint(recovered), Stack: string(debug.Stack())}
}
