package draw

import (
	"fmt"
	"math"
	"strconv"
)

// Measures of bars, in CSS pixels.
const (
	barThick = 13
	barGap   = 10 // between rows
	// longestRow is how many characters of a row's name are shown.
	longestRow = 48
)

// bars paints a chart of rows: one below the other, each with a bar of every series.
func (p *plot) bars() *scene {
	c := p.c
	p.s.about = fmt.Sprintf("%s of %d rows, %d bars each", clean(c.Y), len(c.Rows), len(c.Series))
	left := 0.0
	for _, name := range c.Rows {
		left = max(left, otherFaces*textWidth(fit(name, longestRow), 11, false))
	}
	row := barThick*float64(len(c.Series)) + barGap
	p.frame(left+margin, 0)
	p.s.height = p.top + row*float64(len(c.Rows)) + 40
	p.bottom = p.s.height - 40
	// The name of the figures is above their bars, and those of the series at the right.
	p.x = axis{low: 0, high: 0}
	for i := range c.Series {
		for _, q := range c.Series[i].Points {
			if q.finite() {
				p.x.take(q.Y)
			}
		}
	}
	p.right -= 44 // for the figure at the longest bar
	p.x.ticks((p.right-p.left)/90, false)
	p.y = axis{low: float64(len(c.Rows)), high: 0, step: 1}
	p.barAxes()
	for i, name := range c.Rows {
		y := p.top + row*float64(i) + barGap/2
		p.s.text("ink", fit(name, longestRow), point{p.left - 8, y + (row-barGap)/2 + 4}, 11, false, end)
		for k := range c.Series {
			p.barsOf(i, k, y+barThick*float64(k))
		}
	}
	p.right += 44
	p.names()
	return p.s
}

func (p *plot) barAxes() {
	for i, v := 0, math.Ceil(p.x.low/p.x.step)*p.x.step; v <= p.x.high+p.x.step/1e6 && i < maxTicks; i, v = i+1, v+p.x.step {
		x := p.at(v, 0).x
		p.s.add("grid", straight(point{x, p.top}, point{x, p.bottom}))
		p.s.text("soft", tick(v, p.x.step), point{x, p.bottom + 16}, 11, false, middle)
	}
	zero := p.at(0, 0).x
	p.s.add("axis", straight(point{zero, p.top}, point{zero, p.bottom}))
	p.s.text("soft", clean(p.c.Y), point{margin / 2, p.top - 14}, 11, false, start)
}

// barsOf paints the bars of series k in row i at a height.
func (p *plot) barsOf(i, k int, y float64) {
	for _, q := range p.c.Series[k].Points {
		if q.X != float64(i) || !q.finite() {
			continue
		}
		from, to := p.at(0, 0).x, p.at(q.Y, 0).x
		p.s.open(q.Tip)
		p.s.add(kindOf("dot", k), box(min(from, to), y+1, max(math.Abs(to-from), 0.5), barThick-2, 1))
		p.s.close()
		p.s.text("label", barFigure(q.Y), point{max(from, to) + 4, y + barThick - 3}, 10, false, start)
	}
}

// barFigure is the figure at a bar, to four digits.
func barFigure(v float64) string {
	if a := math.Abs(v); a >= 1000 && a < 1e7 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
