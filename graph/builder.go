package graph

import "iter"

// Options bound what a Builder keeps.
type Options struct {
	// MaxEvents is how many distinct events are kept exactly; past it a sample
	// of whole external requests, chosen by the hash of request_id, is kept.
	MaxEvents int
	// MaxAddresses is how many distinct addresses are told apart.
	MaxAddresses int
}

// Builder collects records into a Graph. The zero value is not ready; see NewBuilder.
type Builder struct{}

// traceTable is the calls of the kept requests, grouped by request.
type traceTable struct{}

// NewBuilder returns an empty Builder. A zero field of o means its default.
func NewBuilder(o Options) *Builder { return &Builder{} }

// Add takes one record; it keeps nothing of r's memory. It reports whether the
// record could be used at all.
func (b *Builder) Add(r *Record) bool { return false }

// Merge adds what o collected, as if its records had been added here. o is spent.
func (b *Builder) Merge(o *Builder) {}

// Build joins what was collected with the pods of the request.
func (b *Builder) Build(pods []Pod, skipped int64) *Graph { return &Graph{} }

// Traces walks the external requests in a fixed order. The Trace handed over is
// valid until the next one.
func (g *Graph) Traces() iter.Seq[*Trace] { return func(func(*Trace) bool) {} }
