package accesslog

import (
	"context"
	"fmt"
	"io"

	"github.com/sluice-mesh/sluice/graph"
)

// Source is one of several logs.
type Source struct {
	// Name is how people are told of it.
	Name string
	// Size in bytes as it is stored, -1 where that is not known.
	Size int64
	// Open opens it for reading up to Size. Its error makes the source a warning.
	Open func() (io.ReadCloser, error)
}

// ReadAll reads several logs and partial readings, one after the other, as one.
// What became of each is told by its name; the only error is ctx's.
func ReadAll(ctx context.Context, sources []Source, o Options) (*Reading, error) {
	all := &Reading{Builder: graph.NewBuilder(o.Graph)}
	p := several{tell: o.OnProgress}
	for _, s := range sources {
		if p.size += s.Size; s.Size < 0 {
			p.size = -1
			break
		}
	}
	for _, s := range sources {
		o.into = all.Builder
		if p.tell != nil {
			o.OnProgress = p.show
		}
		one, err := s.read(ctx, o)
		if err != nil {
			return nil, err
		}
		all.add(one, s.Name, len(sources) > 1)
		p.next()
	}
	return all, nil
}

func (s *Source) read(ctx context.Context, o Options) (*Reading, error) {
	r, err := s.Open()
	if err != nil {
		return &Reading{Warnings: []string{fmt.Sprintf("the access log could not be opened: %v", err)}}, ctx.Err()
	}
	defer r.Close()
	return Read(ctx, r, s.Size, o)
}

// add takes what became of one of several logs.
func (r *Reading) add(one *Reading, name string, named bool) {
	if one.Builder != r.Builder {
		r.Builder.Merge(one.Builder) // nil is nothing
	}
	r.Total += one.Total
	r.Bytes += one.Bytes
	r.Cut = r.Cut || one.Cut
	var sum [reasons]Skip
	for _, skips := range [...][]Skip{r.Skips, one.Skips} {
		for _, s := range skips {
			t := &sum[reasonOf(s.Reason)]
			if t.Lines == 0 {
				t.Reason, t.First, t.Log = s.Reason, s.First, s.Log
				if named && t.Log == "" {
					t.Log = name
				}
			}
			t.Lines += s.Lines
		}
	}
	r.Skips = nil
	for _, s := range sum {
		if s.Lines > 0 {
			r.Skips = append(r.Skips, s)
		}
	}
	for _, w := range one.Warnings {
		if named {
			w = name + ": " + w
		}
		r.Warnings = append(r.Warnings, w)
	}
}

// several makes one progress of that of several logs.
type several struct {
	tell       func(Progress)
	size       int64
	done, last Progress
}

func (p *several) show(at Progress) {
	p.last = at
	p.tell(Progress{Bytes: p.done.Bytes + at.Bytes, Size: p.size, Lines: p.done.Lines + at.Lines})
}

func (p *several) next() {
	p.done.Bytes += p.last.Bytes
	p.done.Lines += p.last.Lines
	p.last = Progress{}
}
