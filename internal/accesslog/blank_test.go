package accesslog

import (
	"strings"
	"testing"
)

func TestBlankLogIsTold(t *testing.T) {
	for _, log := range []string{"\n", "   ", " \r\n\n", "\x00\x00\x00", strings.Repeat("\x00", 3<<20), "[]", "[\n,\n]\n"} {
		r, _ := readText(t, log, Options{})
		if r.Total != 0 || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "has no line") {
			t.Errorf("%.10q: total %d, warnings %q; want none and one that it has no line", log, r.Total, r.Warnings)
		}
	}
}

func TestPunctuationOfArraysIsBlank(t *testing.T) {
	r, _ := readText(t, "[]\n1\n\"x\"\nnull\n,\n", Options{})
	if r.Total != 3 || r.Skipped() != 3 {
		t.Errorf("total %d, skipped %d, want the 3 lines that hold a value", r.Total, r.Skipped())
	}
}
