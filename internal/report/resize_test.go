package report

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// resized is a plan for three pods: one to resize, one to restart, one to leave.
func resized() *optimize.Report {
	r := blank()
	r.Request.Containers, r.Plan.Allotments, r.Was = nil, nil, nil
	add := func(service string, from, to budget.MilliCPU) {
		r.Request.Containers = append(r.Request.Containers, request.Container{Service: service, Namespace: "shop", Pod: service + "-x2x4z", Sidecar: true})
		r.Was = append(r.Was, optimize.Grant{Service: service, CPU: from, Memory: 128_000_000})
		r.Plan.Allotments = append(r.Plan.Allotments, budget.Allotment{Service: service, Pods: 1, CPU: to, Memory: 128_000_000})
	}
	add("grow", 100, 900)
	add("jump", 100, 1001)
	add("stay", 300, 300)
	return r
}

// TestResizesRun: what a shell makes of the script is what was meant, in the list
// of containers or of initContainers.
func TestResizesRun(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	script, warnings := Resizes(resized())
	if len(warnings) > 0 {
		t.Errorf("%q", warnings)
	}
	dir := t.TempDir()
	fake := "#!/bin/sh\nfor a; do printf '%s\\n' \"$a\"; done\n"
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte(fake), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"containers", "initContainers"} {
		cmd := exec.Command(sh)
		cmd.Stdin = strings.NewReader(string(script))
		cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "LIST=" + list}
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Split(strings.TrimSpace(string(out)), "\n")
		if got := strings.Join(args[:len(args)-1], " "); got != "-n shop patch pod grow-x2x4z --subresource resize -p" {
			t.Errorf("kubectl %s, want one pod resized", got)
		}
		var patch struct {
			Spec map[string][]struct {
				Name      string
				Resources struct{ Requests, Limits map[string]string }
			}
		}
		if err := json.Unmarshal([]byte(args[len(args)-1]), &patch); err != nil {
			t.Fatalf("%v in %s", err, args[len(args)-1])
		}
		c := patch.Spec[list]
		if len(c) != 1 || c[0].Name != "istio-proxy" || c[0].Resources.Limits["cpu"] != "900m" || c[0].Resources.Requests["memory"] != "128000000" {
			t.Errorf("%+v", patch)
		}
	}
}

// TestResizesGoOnAfterARefusal: of three pods the API server refuses the second; the third
// is resized all the same, the second is named, and the status is 1.
func TestResizesGoOnAfterARefusal(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	r := resized()
	for i := range r.Was {
		r.Was[i].CPU, r.Plan.Allotments[i].CPU = 100, 200
	}
	script, _ := Resizes(r)
	dir := t.TempDir()
	fake := "#!/bin/sh\necho \"$5\"\ntest \"$5\" != jump-x2x4z\n" // -n NS patch pod POD
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte(fake), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sh)
	cmd.Stdin = strings.NewReader(string(script))
	cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH")}
	var told strings.Builder
	cmd.Stderr = &told
	out, err := cmd.Output()
	if got, want := string(out), "grow-x2x4z\njump-x2x4z\nstay-x2x4z\n"; got != want {
		t.Errorf("resized %q, want %q", got, want)
	}
	if cmd.ProcessState.ExitCode() != 1 || told.String() != "1 of 3 sidecars were not resized: shop/jump-x2x4z\n" {
		t.Errorf("%v, %q", err, told.String())
	}
}

func TestResizesSayWhy(t *testing.T) {
	script, _ := Resizes(resized())
	for _, want := range []string{"# shop/jump-x2x4z must restart: it runs 1 worker since it started and needs 2 workers", "# 1 sidecar as before."} {
		if !strings.Contains(string(script), want) {
			t.Errorf("no %q in\n%s", want, script)
		}
	}
}

// TestResizesOfOddNames: what can be no pod's name reaches no shell.
func TestResizesOfOddNames(t *testing.T) {
	r := resized()
	r.Request.Containers[0].Pod = "a; rm -rf $HOME"
	r.Request.Containers[1].Namespace = "`id`"
	script, warnings := Resizes(r)
	if strings.Contains(string(script), "kubectl -n") || strings.Contains(string(script), "HOME") || len(warnings) != 2 {
		t.Errorf("%q\n%s", warnings, script)
	}
}

func TestPatchesPinWorkers(t *testing.T) {
	stream, _ := Patches(resized())
	for _, p := range patches(t, stream) {
		want := map[string]string{"grow": "concurrency: 1", "jump": "concurrency: 2", "stay": "concurrency: 1"}[p.Metadata.Name]
		if got := p.Spec.Template.Metadata.Annotations["proxy.istio.io/config"]; got != want {
			t.Errorf("%s: %q, want %q", p.Metadata.Name, got, want)
		}
	}
	for _, want := range []string{"# in place: from 0.1 cores to 0.9 cores it keeps 1 worker; its limits now are assumed, that its QoS class stays is assumed (grow-x2x4z)", "# restart: it runs 1 worker", "# in place: nothing changes"} {
		if !strings.Contains(string(stream), want) {
			t.Errorf("no %q in\n%s", want, stream)
		}
	}
}

// TestResizesOfOnePodOfTwoServices: its sidecar gets the larger of both amounts, as its
// workload's patch has it, whichever comes first.
func TestResizesOfOnePodOfTwoServices(t *testing.T) {
	r := resized()
	twin := r.Request.Containers[0]
	twin.Service = "also"
	r.Request.Containers = append(r.Request.Containers, twin)
	r.Was = append(r.Was, optimize.Grant{Service: "also", CPU: 100, Memory: 128_000_000})
	r.Plan.Allotments = append(r.Plan.Allotments, budget.Allotment{Service: "also", Pods: 1, CPU: 200, Memory: 256_000_000})
	script, warnings := Resizes(r)
	if n := strings.Count(string(script), "patch pod grow-x2x4z"); n != 1 || !strings.Contains(string(script), `\"limits\":{\"cpu\":\"900m\",\"memory\":\"256000000\"}`) {
		t.Errorf("%d commands for the pod, want one with 900m and 256000000:\n%s", n, script)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "the largest of their amounts") {
		t.Errorf("%q", warnings)
	}
}
