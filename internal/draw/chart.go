package draw

import (
	"fmt"
	"io"
	"math"
	"strconv"
)

// Chart is figures over a range, as lines, or of named rows, as bars.
type Chart struct {
	Title string
	// X and Y name the axes, with their units.
	X, Y   string
	Series []Series
	Marks  []Mark
	// Rows are names of what has no place on a range: each has a bar of every series,
	// whose points' X is then the index of the row. A chart of rows is as high as they
	// need, knows no marks, and its X is not shown.
	Rows []string
	// Width and Height in CSS pixels, 640 × 280 where they are 0.
	Width, Height float64
	// Whole says that X has only whole numbers, such as rounds.
	Whole bool
	// Zero begins the Y axis at 0, where it otherwise begins at the least figure.
	Zero bool
}

// Series is one line. A figure that is not finite leaves a gap.
type Series struct {
	Name   string
	Points []Point
}

// Point is a figure, and what it tells when pointed at.
type Point struct {
	X, Y float64
	Tip  string
}

// Mark is an upright line with a name: a limit, a knee.
type Mark struct {
	X    float64
	Name string
}

// ChartSVG writes c as a picture of its own, ChartInline for a page that has CSS in
// its style, ChartPNG as pixels. The only errors are w's.
func ChartSVG(w io.Writer, c *Chart) error    { return c.compose().svg(w, true) }
func ChartInline(w io.Writer, c *Chart) error { return c.compose().svg(w, false) }
func ChartPNG(w io.Writer, c *Chart) error    { return c.compose().png(w) }

// plot is a chart being painted: its area, and the range shown in it.
type plot struct {
	c                        *Chart
	s                        *scene
	left, top, right, bottom float64
	x, y                     axis
}

// axis is a range with ticks at round numbers.
type axis struct {
	low, high, step float64
}

func (c *Chart) compose() *scene {
	p := &plot{c: c, s: &scene{width: c.Width, height: c.Height, title: clean(c.Title)}}
	if p.s.width <= 0 {
		p.s.width = 640
	}
	if p.s.height <= 0 {
		p.s.height = 280
	}
	if len(c.Rows) > 0 {
		return p.bars()
	}
	p.s.about = fmt.Sprintf("%s against %s, %d lines", clean(c.Y), clean(c.X), len(c.Series))
	p.frame(56, p.s.height)
	p.ranges()
	p.axes()
	p.marks()
	p.names()
	for i := range c.Series {
		p.line(i)
	}
	return p.s
}

// frame leaves room for title, names and axes around the area.
func (p *plot) frame(left, height float64) {
	p.s.height = height
	p.left, p.top, p.right, p.bottom = left, 34, p.s.width-16, height-40
	if p.c.Title != "" {
		p.s.text("ink", clean(p.c.Title), point{margin / 2, 18}, 13, true, start)
		p.top += 20
	}
	_, lines := p.nameplaces()
	p.top += nameLine * float64(lines-1)
}

// finite tells whether a point can be drawn.
func (q *Point) finite() bool {
	return !math.IsNaN(q.X+q.Y) && !math.IsInf(q.X, 0) && !math.IsInf(q.Y, 0)
}

// ranges finds what the axes must reach over.
func (p *plot) ranges() {
	x, y := axis{low: math.Inf(1), high: math.Inf(-1)}, axis{low: math.Inf(1), high: math.Inf(-1)}
	for i := range p.c.Series {
		for _, q := range p.c.Series[i].Points {
			if q.finite() {
				x.take(q.X)
				y.take(q.Y)
			}
		}
	}
	for _, m := range p.c.Marks {
		if !math.IsNaN(m.X) && !math.IsInf(m.X, 0) {
			x.take(m.X)
		}
	}
	if p.c.Zero && y.low > 0 && !math.IsInf(y.low, 0) {
		y.low = 0
	}
	x.ticks((p.right-p.left)/90, p.c.Whole)
	y.ticks((p.bottom-p.top)/36, false)
	y.low, y.high = math.Floor(y.low/y.step)*y.step, math.Ceil(y.high/y.step)*y.step
	p.x, p.y = x, y
}

func (a *axis) take(v float64) { a.low, a.high = min(a.low, v), max(a.high, v) }

// ticks chooses a step of 1, 2 or 5 times a power of ten that gives about n ticks.
func (a *axis) ticks(n float64, whole bool) {
	if a.low > a.high {
		a.low, a.high = 0, 1
	}
	if a.low == a.high {
		by := max(math.Abs(a.low)/10, 1)
		a.low, a.high = a.low-by, a.high+by
	}
	rough := (a.high - a.low) / max(n, 1)
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	a.step = 10 * power
	for _, k := range []float64{1, 2, 5} {
		if k*power >= rough {
			a.step = k * power
			break
		}
	}
	if whole {
		a.step = max(1, math.Round(a.step))
	}
}

func (p *plot) at(x, y float64) point {
	return point{
		p.left + (x-p.x.low)/(p.x.high-p.x.low)*(p.right-p.left),
		p.bottom - (y-p.y.low)/(p.y.high-p.y.low)*(p.bottom-p.top),
	}
}

// maxTicks bounds what rounding could make endless.
const maxTicks = 50

func (p *plot) axes() {
	for i, v := 0, math.Ceil(p.y.low/p.y.step)*p.y.step; v <= p.y.high+p.y.step/1e6 && i < maxTicks; i, v = i+1, v+p.y.step {
		at := p.at(p.x.low, v)
		p.s.add("grid", straight(at, point{p.right, at.y}))
		p.s.text("soft", tick(v, p.y.step), point{at.x - 6, at.y + 4}, 11, false, end)
	}
	for i, v := 0, math.Ceil(p.x.low/p.x.step)*p.x.step; v <= p.x.high+p.x.step/1e6 && i < maxTicks; i, v = i+1, v+p.x.step {
		at := p.at(v, p.y.low)
		p.s.add("axis", straight(at, point{at.x, at.y + 4}))
		p.s.text("soft", tick(v, p.x.step), point{at.x, at.y + 16}, 11, false, middle)
	}
	p.s.add("axis", straight(point{p.left, p.bottom}, point{p.right, p.bottom}))
	p.s.text("soft", clean(p.c.X), point{p.right, p.bottom + 33}, 11, false, end)
	p.s.text("soft", clean(p.c.Y), point{margin / 2, p.top - 14}, 11, false, start)
}

// tick prints v with the decimals that its step has.
func tick(v, step float64) string {
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	if math.Abs(v) < step/1e6 {
		v = 0
	}
	if math.Abs(v) >= 1e7 || decimals > 6 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

func (p *plot) marks() {
	for _, m := range p.c.Marks {
		if math.IsNaN(m.X) || math.IsInf(m.X, 0) {
			continue
		}
		at := p.at(m.X, p.y.low)
		p.s.add("mark", straight(point{at.x, p.top}, at))
		where, x := start, at.x+4
		if at.x > (p.left+p.right)/2 {
			where, x = end, at.x-4
		}
		p.s.text("label", clean(m.Name), point{x, p.top + 10}, 11, false, where)
	}
}

// otherFaces is how many times wider than ours the face may be that a viewer has.
const otherFaces = 1.2

// nameLine is how far one line of names is above the next, nameSample what the sample
// before a name takes.
const (
	nameLine   = 16
	nameSample = 42
)

// nameplaces are where the names of the series begin, counted from the right of the
// picture and in lines from the first: as many to a line as there is room for beside
// the name of the axis.
func (p *plot) nameplaces() (at []point, lines int) {
	room := p.s.width - 16 - 2*margin - otherFaces*textWidth(clean(p.c.Y), 11, false)
	at = make([]point, len(p.c.Series))
	for first := 0; first < len(at); lines++ {
		last, used := first, 0.0
		for ; last < len(at); last++ {
			w := p.nameWidth(last)
			if last > first && used+w > room {
				break
			}
			used += w
		}
		for x := used; first < last; first++ {
			at[first] = point{x - nameSample, float64(lines)}
			x -= p.nameWidth(first)
		}
	}
	return at, max(1, lines)
}

func (p *plot) nameWidth(i int) float64 {
	return nameSample + otherFaces*textWidth(fit(p.c.Series[i].Name, 40), 11, false)
}

// names stand above the plot on the right, each behind a piece of its line.
func (p *plot) names() {
	places, lines := p.nameplaces()
	for i := len(places) - 1; i >= 0; i-- {
		x, y := p.right-places[i].x, p.top-14-nameLine*(float64(lines-1)-places[i].y)
		p.s.text("label", fit(p.c.Series[i].Name, 40), point{x, y}, 11, false, start)
		if len(p.c.Rows) > 0 {
			p.s.add(kindOf("dot", i), box(x-22, y-9, 16, 10, 1))
			continue
		}
		p.s.add(kindOf("line", i), straight(point{x - 30, y - 4}, point{x - 6, y - 4}))
	}
}

// lineKinds is how many lines look different.
const lineKinds = 8

func kindOf(class string, i int) string { return class + strconv.Itoa(i%lineKinds) }

// fewDots is up to how many points each has a dot of its own.
const fewDots = 80

func (p *plot) line(i int) {
	points := p.c.Series[i].Points
	var sh shape
	last := -2
	for k := range points {
		if q := &points[k]; q.finite() {
			if at := p.at(q.X, q.Y); last == k-1 {
				sh.line(at)
			} else {
				sh.move(at)
			}
			last = k
		}
	}
	if sh.ops == nil {
		return
	}
	p.s.add(kindOf("line", i), sh)
	for k := range points {
		if q := &points[k]; q.finite() && len(points) <= fewDots {
			p.s.open(q.Tip)
			p.s.add(kindOf("dot", i), disc(p.at(q.X, q.Y), 3.5))
			p.s.close()
		}
	}
}
