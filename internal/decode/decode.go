package decode

import (
	"errors"
	"fmt"

	"github.com/goccy/go-json"
)

// JSON decodes data, which must hold exactly one JSON value, into what v points
// to, by the rules of encoding/json. It never panics on account of data. On an
// error v may have been filled in part; the error is an [*Error].
func JSON(data []byte, v any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Offset: -1, cause: fmt.Errorf("the decoder gave up: %v", p)}
		}
	}()
	if err := json.Unmarshal(data, v); err != nil {
		return wrap(err)
	}
	return nil
}

// Error says why a document could not be decoded, without a byte of it.
type Error struct {
	// Offset is how many bytes were read before the error, -1 when unknown.
	Offset int64
	// Field is the path of the field whose value is of a wrong type, such as
	// "containers.cpu"; empty when the document is not JSON.
	Field string
	// Found is the kind of value that is there, such as "string", and Want the
	// kind that was expected; both empty when the document is not JSON.
	Found, Want string

	cause error
}

// Error tells a type error by its field and a syntax error by its offset.
func (e *Error) Error() string {
	switch {
	case e.Want != "" && e.Field != "":
		return fmt.Sprintf("decode: %s is a %s, expected a %s", e.Field, e.Found, e.Want)
	case e.Want != "":
		return fmt.Sprintf("decode: found a %s, expected a %s", e.Found, e.Want)
	case e.Offset >= 0:
		return fmt.Sprintf("decode: not valid JSON after %d bytes", e.Offset)
	}
	return "decode: not valid JSON"
}

// Unwrap returns the library's own error. Its text may quote the document.
func (e *Error) Unwrap() error { return e.cause }

func wrap(err error) *Error {
	e := &Error{Offset: -1, cause: err}
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		e.Offset, e.Field, e.Found = wrong.Offset, wrong.Field, wrong.Value
		if wrong.Type != nil {
			e.Want = wrong.Type.String()
		}
	case errors.As(err, &syntax):
		e.Offset = syntax.Offset
	}
	return e
}
