package mishap

import (
	"errors"
	"strings"
	"testing"
)

func fall() { panic("of the left boot") }

func TestGuard(t *testing.T) {
	other := errors.New("other")
	for name, f := range map[string]func() error{"nothing": func() error { return nil }, "an error": func() error { return other }} {
		if got := Guard(f); got != f() {
			t.Errorf("%s comes back as %v", name, got)
		}
	}
	err := Guard(func() error { fall(); return nil })
	var e *Error
	if !errors.As(err, &e) || err.Error() != "a mistake in sluice: of the left boot" || !strings.Contains(e.Stack, "mishap.fall") {
		t.Fatalf("%v, %+v", err, e)
	}
	// Carried on by another panic it is the same, and so is where it began.
	if again := Guard(func() error { panic(e) }); again != err {
		t.Errorf("carried on it is %v", again)
	}
	var none []int
	i := 3
	if err := Guard(func() error { _ = none[i]; return nil }); err == nil || !strings.Contains(err.Error(), "index out of range [3]") {
		t.Errorf("a runtime error is %v", err)
	}
}
