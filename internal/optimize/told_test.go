package optimize

import (
	"testing"

	"github.com/sluice-mesh/sluice/internal/request"
)

// A limit that rows tell counts by itself, if it is that of all pods.
func TestToldLimits(t *testing.T) {
	half, one, size := 0.5, 1.0, 5.12e8
	for _, c := range []struct {
		specs       []*request.Spec
		cpu, memory int64
	}{
		{[]*request.Spec{{MemoryLimit: &size}}, 0, 512_000_000},
		{[]*request.Spec{{CPULimit: &half}}, 500, 0},
		{[]*request.Spec{{CPULimit: &half, MemoryLimit: &size}, {CPULimit: &half, MemoryLimit: &size}}, 500, 512_000_000},
		{[]*request.Spec{{CPULimit: &half, MemoryLimit: &size}, {CPULimit: &one, MemoryLimit: &size}, {CPULimit: &one, MemoryLimit: &size}}, 0, 512_000_000},
		{[]*request.Spec{{CPULimit: &half}, {}, {CPULimit: &half}}, 0, 0},
		{[]*request.Spec{{CPULimit: &half}, nil}, 0, 0},
	} {
		s := &request.Service{}
		for _, spec := range c.specs {
			s.Pods = append(s.Pods, request.Pod{Spec: spec})
		}
		if cpu, memory := told(s); int64(cpu) != c.cpu || int64(memory) != c.memory {
			t.Errorf("%d pods: %d millicores and %d bytes, want %d and %d", len(c.specs), cpu, memory, c.cpu, c.memory)
		}
	}
}
