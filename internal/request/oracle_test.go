package request

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tidwall/jsonc"
)

// agree holds a decoding against jsonc and encoding/json, which read a body
// whole: what they take as an object is never refused as malformed here, what
// they do not take is refused, and the limits and rows come out the same.
func agree(t *testing.T, in []byte, got *Request, err error) {
	t.Helper()
	var e *Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%v is no *Error", err)
	}
	var whole map[string]json.RawMessage
	oracle := json.Unmarshal(jsonc.ToJSON(in), &whole)
	switch {
	case err == nil && oracle != nil && !strings.HasPrefix(string(in), "\ufeff"):
		t.Fatalf("accepted what encoding/json refuses: %v\n%q", oracle, in)
	case err != nil && e.Field == "" && oracle == nil && whole != nil && json.Valid(in) && !strings.Contains(e.Problem, "UTF-8"):
		t.Fatalf("refused as malformed what encoding/json takes: %v\n%q", err, in)
	case err == nil && oracle == nil:
		agreeOn(t, whole, got)
	}
}

// agreeOn compares the fields that both have read.
func agreeOn(t *testing.T, whole map[string]json.RawMessage, got *Request) {
	t.Helper()
	var cpu, memory float64
	var path string
	var rows []map[string]json.RawMessage
	for _, f := range []struct {
		key string
		to  any
	}{{"cpu_limit", &cpu}, {"memory_limit", &memory}, {"accesslog_path", &path}, {"containers", &rows}} {
		if err := json.Unmarshal(whole[f.key], f.to); err != nil {
			t.Fatalf("%s: accepted what encoding/json refuses: %v", f.key, err)
		}
	}
	if cpu != got.CPULimit || memory != got.MemoryLimit || path != got.AccessLog {
		t.Fatalf("read %v %v %q, encoding/json %v %v %q", got.CPULimit, got.MemoryLimit, got.AccessLog, cpu, memory, path)
	}
	var service string
	if err := json.Unmarshal(rows[0]["service_name"], &service); err != nil || service != got.Containers[0].Service {
		t.Fatalf("read service %q, encoding/json %q, %v", got.Containers[0].Service, service, err)
	}
}
