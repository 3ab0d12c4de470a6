package accesslog

import (
	"context"

	"github.com/sluice-mesh/sluice/graph"
)

// Options bound a reading; a zero field means its default.
type Options struct {
	MaxBytes   int64 // decompressed bytes read
	MaxLine    int   // longer lines are skipped
	Workers    int
	Graph      graph.Options
	OnProgress func(Progress)
}

// Progress of a reading under way.
type Progress struct {
	Bytes, Size int64 // compressed bytes read, of Size (-1 unknown)
	Lines       int64
}

// Skip counts lines that were not used, for one reason.
type Skip struct {
	Reason string
	Lines  int64
	// First is the number of the first such line, from 1.
	First int64
}

// Reading is what became of a log.
type Reading struct {
	Builder *graph.Builder
	// Total lines (blank ones do not count); Skips by reason, sorted.
	Total    int64
	Skips    []Skip
	Warnings []string
}

// Skipped is the sum of Skips.
func (r *Reading) Skipped() int64 {
	var n int64
	for _, s := range r.Skips {
		n += s.Lines
	}
	return n
}

// ReadFile reads the log at path. A log that is missing, unreadable or not a
// regular file is an empty Reading with a warning; the only error is ctx's.
func ReadFile(ctx context.Context, path string, o Options) (*Reading, error) { return nil, nil }
