package decode

import (
	stdjson "encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

type document struct {
	ID   string              `json:"id"`
	Meta map[string][]string `json:"meta"`
	Text string              `json:"contentMd"`
	Sum  float64             `json:"sum"`
	Any  any                 `json:"any"`
}

// issue604 are the documents that, decoded one after the other, made goccy/go-json
// v0.10.6 index out of range: an object cut in a key's escape after a longer one.
var issue604 = []string{`[{"x":1},{"y":`, `{"\`, `{"\0d\`, `{"id`, `{"id":"\`, `{"contentMd":`}

func TestCutDocumentsInSequence(t *testing.T) {
	for first := range issue604 {
		for second := range issue604 {
			for _, i := range []int{first, second, first} {
				var d document
				if err := JSON([]byte(issue604[i]), &d); err == nil {
					t.Errorf("%q is cut short and was accepted", issue604[i])
				}
			}
		}
	}
}

// bomb is a value whose decoding panics, as a broken library would.
type bomb struct{}

func (*bomb) UnmarshalJSON([]byte) error { panic("out of range") }

func TestPanicIsAnError(t *testing.T) {
	var e *Error
	if err := JSON([]byte(`{}`), &bomb{}); !errors.As(err, &e) {
		t.Fatalf("a panic while decoding came out as %v, want an *Error", err)
	}
}

func TestErrorsQuoteNothing(t *testing.T) {
	f := func(doc, want string) {
		t.Helper()
		var d document
		err := JSON([]byte(doc), &d)
		if err == nil {
			t.Fatalf("%s was accepted", doc)
		}
		if got := err.Error(); got != want || strings.Contains(got, "root:x") {
			t.Errorf("%s: error %q, want %q", doc, got, want)
		}
	}
	f(`{"id":7}`, "decode: id is a number, expected a string")
	f(`"root:x"`, "decode: found a string, expected a decode.document")
	f(`root:x:0:0`, "decode: not valid JSON after 1 bytes")
}

func TestDeepNesting(t *testing.T) {
	for _, n := range []int{100, 9998, 9999, 10000, 10001, 200_000} {
		compare(t, []byte(`{"any":`+strings.Repeat("[", n)+strings.Repeat("]", n)+`}`))
		compare(t, []byte(strings.Repeat(`{"any":`, n)))
	}
}

func FuzzJSON(f *testing.F) {
	for _, doc := range append(issue604, `{"id":"a","meta":{"x":["y",null]},"sum":1e3}`, `{"any":[{},1,"\ud800"]}`,
		`null`, ` {} `, `{}x`, "{\"id\":\"\xff\"}", `{"sum":1e999}`, `{"id":"a","id":null}`, `{"any":1.}`) {
		f.Add([]byte(doc), []byte(`{"\`))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		// Twice, with another document between, because issue 604 was state
		// that one document left to the next.
		for _, doc := range [][]byte{a, b, a} {
			compare(t, doc)
		}
	})
}

func compare(t *testing.T, doc []byte) {
	var got, want document
	kept := string(doc)
	gotErr, wantErr := JSON(doc, &got), stdjson.Unmarshal(doc, &want)
	if (gotErr == nil) != (wantErr == nil) {
		t.Fatalf("%q: error %v, encoding/json %v", doc, gotErr, wantErr)
	}
	if wantErr == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%q: %+v, encoding/json %+v", doc, got, want)
	}
	if kept != string(doc) {
		t.Fatalf("%q was changed to %q", kept, doc)
	}
}
