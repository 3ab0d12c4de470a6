package demo

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestRequest(t *testing.T) {
	services := Request().Services()
	if len(services) != 4 {
		t.Fatalf("%d services, want 4", len(services))
	}
	pods := 0
	for _, s := range services {
		pods += len(s.Pods)
	}
	if pods != 6 {
		t.Errorf("%d pods, want 6", pods)
	}
}

func TestOpen(t *testing.T) {
	r, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1_929_920 || bytes.Count(all, []byte("\n")) < 2000 {
		t.Errorf("%d bytes, %d lines", len(all), bytes.Count(all, []byte("\n")))
	}
}

func TestNotice(t *testing.T) {
	if n := Notice(); !strings.Contains(n, "MIT") || !strings.Contains(n, "Bookinfo") {
		t.Errorf("the notice names no licence or no source: %q", n)
	}
}
