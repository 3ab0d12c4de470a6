package request

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// labelled is a body of one row with that value of labels.
func labelled(labels string) string {
	return `{"containers": [{"service_name": "a", "pod_name": "b", "labels": ` + labels + `, "cpu": 1}], "accesslog_path": "x", "cpu_limit": 1, "memory_limit": 1}`
}

func TestLabels(t *testing.T) {
	f := func(labels string, want ...Label) {
		t.Helper()
		req, err := Decode([]byte(labelled(labels)))
		if err != nil {
			t.Errorf("%s: %v", labels, err)
			return
		}
		if diff := cmp.Diff(want, req.Containers[0].Labels); diff != "" {
			t.Errorf("%s: %s", labels, diff)
		}
		if req.Containers[0].CPU == nil {
			t.Errorf("%s: the field after it was lost", labels)
		}
	}
	f(`{"b": "2", "app": "1"}`, Label{"app", "1"}, Label{"b", "2"})
	f(`{"app": "1", "app": "2"}`, Label{"app", "2"})
	f(`{"pod-template-hash": "x", "app": "1",}`, Label{"app", "1"})
	// The field is none of the contest's: what is odd is ignored, never refused.
	for _, odd := range []string{`{}`, `null`, `"app=1"`, `[]`, `[{"app": "1"}]`, `7`, `{"app": 1, "b": {"c": "d"}, "e": [], "f": null}`,
		`{"app": "` + strings.Repeat("x", 64) + `"}`, `{"` + strings.Repeat("k", 64) + `": "x"}`} {
		f(odd)
	}
	if _, err := Decode([]byte(labelled(`{"app": }`))); err == nil {
		t.Error("broken JSON is accepted")
	}
}

// TestLabelsAreShared: rows of one workload cost no memory each, and the order of
// rows does not show.
func TestLabelsAreShared(t *testing.T) {
	row := func(app string) string {
		return fmt.Sprintf(`{"service_name": "a", "pod_name": "b", "labels": {"app": %q}}`, app)
	}
	for _, rows := range [][]string{{row("1"), row("1"), row("2")}, {row("2"), row("1"), row("1")}} {
		req, err := Decode([]byte(`{"containers": [` + strings.Join(rows, ",") + `], "accesslog_path": "x", "cpu_limit": 1, "memory_limit": 1}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := req.Services()[0].Pods[0].Labels; len(got) != 1 || got[0].Value != "1" {
			t.Errorf("%+v", got)
		}
	}
}

// TestSpec: what a row tells of its container is read leniently: of another type, or
// such as could not be printed into a script, it is not known.
func TestSpec(t *testing.T) {
	num := func(f float64) *float64 { return &f }
	yes := true
	f := func(fields string, want *Spec) {
		t.Helper()
		req, err := Decode([]byte(`{"containers": [{"service_name": "a", "pod_name": "b", ` + fields + `, "cpu": 1}], "accesslog_path": "x", "cpu_limit": 1, "memory_limit": 1}`))
		if err != nil {
			t.Errorf("%s: %v", fields, err)
			return
		}
		if diff := cmp.Diff(want, req.Containers[0].Spec); diff != "" || req.Containers[0].CPU == nil || req.CPULimit != 1 {
			t.Errorf("%s: %s", fields, diff)
		}
	}
	f(`"cpu_limit": 2, "memory_limit": 1e9, "cpu_request": 0.1, "memory_request": 5, "owner_kind": "StatefulSet", "owner_name": "db", "qos_class": "Burstable", "others_guaranteed": true, "init_container": true`,
		&Spec{num(2), num(1e9), num(0.1), num(5), "StatefulSet", "db", "Burstable", &yes, true, ""})
	f(`"cpu_limit": "2", "memory_limit": -1, "cpu_request": [1], "memory_request": {}, "owner_kind": 7, "owner_name": null, "qos_class": true, "others_guaranteed": "yes", "init_container": 1`, nil)
	f(`"cpu_limit": NaN, "memory_limit": 1e999, "owner_kind": "a b", "owner_name": "$(x)", "qos_class": "Burstable\n", "other": 1`, nil)
	f(`"cluster_ip": "10.96.0.7,FD00::7"`, &Spec{ClusterIP: "10.96.0.7,FD00::7"})
	f(`"cluster_ip": "None"`, nil)
	f(`"cluster_ip": ["10.96.0.7"]`, nil)
	f(`"cpu_limit": 2, "cpu_limit": "x"`, &Spec{CPULimit: num(2)})
}
