// Package decode turns one JSON document into a Go value. It is the one door to
// goccy/go-json. What comes through it are the few lines of a log that the scanner of
// internal/accesslog leaves to others (those nested very deep); requests have a scanner of
// their own (docs/adr/0005). So what that library is not trusted with is dealt with
// here and nowhere else.
//
// goccy/go-json v0.10.6 panicked on two truncated documents decoded one after
// the other (its issue 604), because state of the first leaked into the second.
// v0.12.0, which go.mod asks for, does not; the two documents stay in the tests,
// and a panic would come out of JSON as an error all the same, because a log or
// a body from outside must never take the server down.
//
//	var body struct{ Name string `json:"name"` }
//	err := decode.JSON([]byte(`{"name":"reviews"}`), &body)
//
// It does not read streams, forgive comments or trailing commas (see
// internal/request), nor quote the document in its errors: what was read may be
// a file that the caller had no right to see.
package decode
