package api

import (
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/sluice-mesh/sluice/internal/accesslog"
)

// metrics of one Server. Labels are words from short lists, never names from a
// request.
type metrics struct {
	registry *prometheus.Registry

	requests *prometheus.CounterVec // route, code
	rounds   *prometheus.CounterVec // outcome
	waiting  prometheus.Gauge
	took     prometheus.Histogram

	lines   *prometheus.CounterVec // result
	skipped *prometheus.CounterVec // reason

	round    prometheus.Gauge
	cpu      *prometheus.GaugeVec // kind: allocated, limit
	memory   *prometheus.GaugeVec
	latency  *prometheus.GaugeVec // kind: observed, predicted
	rate     *prometheus.GaugeVec
	warnings prometheus.Gauge
	unsaved  prometheus.Counter

	mu      sync.Mutex
	reasons map[string]bool // those that are a label
	last    int             // the round that the gauges show
}

// maxReasons bounds the reasons for skipping that are told apart; there are fewer.
const maxReasons = 30

func newMetrics(version string) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), reasons: make(map[string]bool)}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.requests = m.counters("http_requests_total", "Requests by route and status.", "route", "code")
	m.rounds = m.counters("rounds_total", "Requests to /optimize by what became of them.", "outcome")
	m.waiting = m.gauge("requests_waiting", "Requests to /optimize that wait for a processor.")
	m.took = m.histogram()
	m.lines = m.counters("log_lines_total", "Lines of access logs by what became of them.", "result")
	m.skipped = m.counters("log_lines_skipped_total", "Lines of access logs that were not used, by reason.", "reason")
	m.round = m.gauge("round", "Number of the last round.")
	m.cpu = m.gauges("cpu_cores", "CPU of all sidecars in the last round: allocated by the plan, and the limit.")
	m.memory = m.gauges("memory_bytes", "Memory of all sidecars in the last round: allocated by the plan, and the limit.")
	m.latency = m.gauges("gateway_latency_seconds", "Mean latency at the gateway: observed in the last round, and predicted for the next.")
	m.rate = m.gauges("gateway_requests_per_second", "Requests at the gateway: observed in the last round, and predicted for the next.")
	m.warnings = m.gauge("round_warnings", "Warnings of the last round.")
	m.unsaved = m.counter("rounds_unsaved_total", "Rounds that could not be written to the state folder when they were answered.")
	m.build(version)
	return m
}

func (m *metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "sluice", Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: "sluice", Name: name, Help: help})
	m.registry.MustRegister(c)
	return c
}

func (m *metrics) gauges(name, help string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sluice", Name: name, Help: help}, []string{"kind"})
	m.registry.MustRegister(g)
	return g
}

func (m *metrics) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "sluice", Name: name, Help: help})
	m.registry.MustRegister(g)
	return g
}

// pending shows how many rounds wait to be written.
func (m *metrics) pending(count func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "sluice", Name: "rounds_pending",
		Help: "Rounds that were answered and are in memory alone, for the state folder cannot be written.",
	}, func() float64 { return float64(count()) }))
}

func (m *metrics) histogram() prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: "sluice", Name: "round_duration_seconds",
		Help:    "Time to make a round, from the decoded request to the answer.",
		Buckets: prometheus.ExponentialBuckets(0.002, 2, 14), // 2 ms to 16 s
	})
	m.registry.MustRegister(h)
	return h
}

func (m *metrics) build(version string) {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "sluice", Name: "build_info", Help: "1, with the version.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	g.Set(1)
	m.registry.MustRegister(g)
}

// refused counts an answer that no handler gave.
func (m *metrics) refused(status int) {
	m.requests.WithLabelValues("other", strconv.Itoa(status)).Inc()
}

// observe takes the figures of an answered round.
func (m *metrics) observe(t *told, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took.Observe(took.Seconds())
	l := t.report.Graph.Lines
	m.read(t.report.Log, [3]int64{l.Used, l.Repeated, l.Skipped})
	if t.round.Number < m.last {
		return // rounds are told of a little out of turn: the gauges show the last
	}
	m.last = t.round.Number
	m.round.Set(float64(t.round.Number))
	p, g := &t.report.Plan, t.report.Graph.Gateway
	m.cpu.WithLabelValues("allocated").Set(cores(p.CPU))
	m.cpu.WithLabelValues("limit").Set(t.report.Request.CPULimit)
	m.memory.WithLabelValues("allocated").Set(float64(p.Memory))
	m.memory.WithLabelValues("limit").Set(t.report.Request.MemoryLimit)
	m.latency.WithLabelValues("observed").Set(g.Mean.Seconds())
	m.latency.WithLabelValues("predicted").Set(p.Predicted.Mean.Seconds())
	m.rate.WithLabelValues("observed").Set(g.Rate)
	m.rate.WithLabelValues("predicted").Set(p.Predicted.Rate)
	m.warnings.Set(float64(len(t.report.Warnings)))
}

// read counts what became of a log's lines.
func (m *metrics) read(log *accesslog.Reading, lines [3]int64) {
	for i, result := range []string{"used", "repeated", "skipped"} {
		m.lines.WithLabelValues(result).Add(float64(lines[i]))
	}
	for _, s := range log.Skips {
		if len(m.reasons) < maxReasons {
			m.reasons[s.Reason] = true
		}
		reason := "other"
		if m.reasons[s.Reason] {
			reason = s.Reason
		}
		m.skipped.WithLabelValues(reason).Add(float64(s.Lines))
	}
}
