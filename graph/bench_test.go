package graph

import (
	"fmt"
	"syscall"
	"testing"
)

// cpu is the process's own time, which a busy machine does not stretch as it
// does the clock's.
func cpu() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func reportCPU(b *testing.B, from int64) {
	b.ReportMetric(float64(cpu()-from)/float64(b.N), "cpu-ns/op")
}

func BenchmarkBuild(b *testing.B) {
	for _, lines := range []int{2_400, 1_000_000} {
		m := shop()
		rs := m.lines(lines)
		pods := m.pods()
		b.Run(fmt.Sprint("add+build/", lines), func(b *testing.B) {
			b.ReportAllocs()
			from := cpu()
			for b.Loop() {
				collect(rs, Options{}).Build(pods, 0)
			}
			reportCPU(b, from)
		})
		builder := collect(rs, Options{})
		b.Run(fmt.Sprint("build/", lines), func(b *testing.B) {
			b.ReportAllocs()
			from := cpu()
			for b.Loop() {
				builder.Build(pods, 0)
			}
			reportCPU(b, from)
		})
	}
}

func BenchmarkTraces(b *testing.B) {
	m := shop()
	g := collect(m.lines(100_000), Options{}).Build(m.pods(), 0)
	b.ReportAllocs()
	from := cpu()
	for b.Loop() {
		for range g.Traces() {
		}
	}
	reportCPU(b, from)
}
