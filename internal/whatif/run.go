package whatif

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
	"golang.org/x/sync/errgroup"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/mishap"
)

// Bounds of a run; those left 0 are DefaultBounds'.
type Bounds struct {
	// Steps of the language, Time on the clock, Memory in bytes (of Isolated alone).
	Steps  uint64
	Time   time.Duration
	Memory int64
	// follow is told of every place that the script comes to.
	follow func(line, column int)
	// late is told when the time has been over for a while and the script goes on.
	late func(*ScriptError)
}

func overtime(b Bounds) string {
	return fmt.Sprintf("the script took longer than %v: ask less at once", b.Time)
}

// patience is how long after its time a script may still end by itself.
const patience = 300 * time.Millisecond

// DefaultBounds let a script ask some thousand questions.
var DefaultBounds = Bounds{Steps: 2_000_000, Time: 60 * time.Second, Memory: 192 << 20}

func (b Bounds) fill() Bounds {
	if b.Steps == 0 {
		b.Steps = DefaultBounds.Steps
	}
	if b.Time == 0 {
		b.Time = DefaultBounds.Time
	}
	if b.Memory == 0 {
		b.Memory = DefaultBounds.Memory
	}
	return b
}

// Bounds that are the same for all.
const (
	// MaxScript is the most bytes of a script.
	MaxScript = 64 << 10
	// maxRows and maxRowBytes bound the result; documents are under 2 MB.
	maxRows     = 5000
	maxRowBytes = 1_200_000
	maxText     = 200 // of one cell
	maxColumns  = 20
	maxPrinted  = 200
	maxSpan     = 10_000
)

// ScriptError is what is wrong with a script, and where.
type ScriptError struct {
	File string
	// Line and Column from 1.
	Line, Column int
	What         string
	// Infeasible says that a budget does not hold the floors of what was asked.
	Infeasible bool `json:",omitempty"`
}

// Error is FILE:LINE:COLUMN: what.
func (e *ScriptError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, max(1, e.Line), max(1, e.Column), e.What)
}

// run is one run of a script.
type run struct {
	ctx    context.Context
	name   string
	script string
	mesh   *Mesh
	result Result
	// asked are the rows to be; answering finds what they want while the script goes on.
	asked     []*question
	answering *errgroup.Group
	size      int
	// at is where the script is, for whoever ends it.
	at atomic.Pointer[syntax.Position]
}

// question is a row to be. Once it is one the mesh and the answer are let go: a
// thousand of them would hold a thousand meshes.
type question struct {
	columns  []Cell
	mesh     *Mesh
	answer   *Answer
	row      Row
	warnings []string
}

// Run runs a script on a mesh; name is what errors call it. Errors are *ScriptError
// and ctx's own. A script's memory is not bounded: strangers' go through Isolated.
func Run(ctx context.Context, m *Mesh, name, script string, b Bounds) (*Result, error) {
	b = b.fill()
	limited, cancel := context.WithTimeout(ctx, b.Time)
	defer cancel()
	r := &run{ctx: limited, name: name, script: script, mesh: m}
	if b.late != nil {
		defer time.AfterFunc(b.Time+patience, func() { b.late(r.here(overtime(b))) }).Stop()
	}
	r.answering, r.ctx = errgroup.WithContext(limited)
	r.answering.SetLimit(runtime.GOMAXPROCS(0))
	err := r.execute(script, b)
	// What an answer failed of ended the script too.
	if failed := r.answering.Wait(); failed != nil {
		err = failed
	}
	r.gather()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, r.here(overtime(b))
	case err != nil:
		return nil, r.scriptError(err)
	}
	return &r.result, nil
}

// options of the language: what people expect at the top of a script.
var options = &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true}

// execute runs the script to its end.
func (r *run) execute(script string, b Bounds) error {
	if err := guard(r.name, script); err != nil {
		return err
	}
	file, err := options.Parse(r.name, script, 0)
	if err != nil {
		return err
	}
	globals := starlark.StringDict{
		"mesh": &meshValue{r, r.mesh},
		"row":  starlark.NewBuiltin("row", r.row),
		"span": starlark.NewBuiltin("span", span),
	}
	program, err := starlark.FileProgram(file, globals.Has)
	if err != nil {
		return err
	}
	thread := &starlark.Thread{Name: r.name, Print: r.print, Load: noLoad}
	// From the first step on OnMaxSteps is called: it notes where the script is.
	thread.SetMaxExecutionSteps(1)
	thread.OnMaxSteps = func(t *starlark.Thread) {
		if pos := t.CallFrame(0).Pos; pos.IsValid() {
			r.at.Store(&pos)
			if b.follow != nil {
				b.follow(int(pos.Line), int(pos.Col))
			}
		}
		if t.Steps > b.Steps {
			t.Cancel(fmt.Sprintf("the script took more than %d steps: does a loop end?", b.Steps))
		}
	}
	defer context.AfterFunc(r.ctx, func() { thread.Cancel("time is over") })()
	_, err = program.Init(thread, globals)
	return err
}

func noLoad(*starlark.Thread, string) (starlark.StringDict, error) {
	return nil, errors.New("load: a script stands alone, there is nothing to load")
}

// here is an error at the place where the script is.
func (r *run) here(what string) *ScriptError {
	e := &ScriptError{File: r.name, What: what}
	if pos := r.at.Load(); pos != nil {
		e.Line, e.Column = int(pos.Line), int(pos.Col)
	}
	return e
}

// maxMessage bounds an error's text: it may quote the script.
const maxMessage = 500

// scriptError finds the place of an error in the script.
func (r *run) scriptError(err error) error {
	var (
		own      *ScriptError
		bad      syntax.Error
		unknown  resolve.ErrorList
		evaluate *starlark.EvalError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &bad):
		if bad.Msg == "not an identifier" {
			if what, at := keyword(r.script, int(bad.Pos.Line), int(bad.Pos.Col)); what != "" {
				return &ScriptError{File: r.name, Line: int(bad.Pos.Line), Column: at, What: what}
			}
		}
		return r.place(bad.Pos, bad.Msg)
	case errors.As(err, &unknown) && len(unknown) > 0:
		return r.place(unknown[0].Pos, undefined(unknown[0].Msg))
	case errors.As(err, &evaluate):
		pos := syntax.MakePosition(&r.name, 1, 1)
		for i := range evaluate.CallStack {
			if f := evaluate.CallStack.At(i); f.Pos.Line > 0 && f.Pos.Filename() == r.name {
				pos = f.Pos // of the innermost frame that is the script's
				break
			}
		}
		own = r.place(pos, strings.TrimPrefix(evaluate.Msg, "Starlark computation cancelled: "))
		var short *budget.InfeasibleError
		own.Infeasible = errors.As(evaluate, &short)
		return own
	}
	return r.here(cut(err.Error(), maxMessage))
}

func (r *run) place(pos syntax.Position, what string) *ScriptError {
	return &ScriptError{File: r.name, Line: int(pos.Line), Column: int(pos.Col), What: cut(what, maxMessage)}
}

func (r *run) print(_ *starlark.Thread, msg string) {
	switch {
	case len(r.result.Printed) < maxPrinted:
		r.result.Printed = append(r.result.Printed, cut(msg, maxMessage))
	case len(r.result.Printed) == maxPrinted:
		r.result.Printed = append(r.result.Printed, "… (more was printed)")
	}
}

// span is the numbers from one to another.
func span(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var from, to, step number
	if err := unpack(b, args, kwargs, "from_", &from, "to", &to, "step", &step); err != nil {
		return nil, err
	}
	all, err := Span(from.f, to.f, step.f)
	if err != nil {
		return nil, err
	}
	out := make([]starlark.Value, len(all))
	for i, x := range all {
		out[i] = starlark.Float(x)
	}
	return starlark.NewList(out), nil
}

// Span is the numbers from one to another, both included where the step meets it.
func Span(from, to, step float64) ([]float64, error) {
	n := math.Floor((to-from)/step + 1e-9)
	if !(step != 0) || !(n >= 0) {
		return nil, fmt.Errorf("span: found %v to %v by %v, which comes to no number", from, to, step)
	}
	if n >= maxSpan {
		return nil, fmt.Errorf("span: found more than %d numbers from %v to %v by %v", maxSpan, from, to, step)
	}
	out := make([]float64, int(n)+1)
	for i := range out {
		// Such as a person would write it: 0.3 and not 0.30000000000000004.
		out[i] = math.Round((from+float64(i)*step)*1e9) / 1e9
	}
	return out, nil
}

// row notes a question.
func (r *run) row(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) < 1 || len(args) > 2 {
		return nil, errors.New("row: found no mesh, expected row(MESH or ANSWER, name=None, COLUMN=VALUE, …)")
	}
	q := &question{}
	switch v := args[0].(type) {
	case *meshValue:
		q.mesh = v.m
		if err := q.mesh.feasible(); err != nil {
			return nil, err
		}
	case *answerValue:
		q.mesh, q.answer = v.a.mesh, v.a
	case *helpValue:
		q.mesh, q.answer = v.h.Answer.mesh, v.h.Answer
	default:
		return nil, fmt.Errorf("row: found %s, expected a mesh, or what plan(), predict() or helps() returned", v.Type())
	}
	if len(args) == 2 {
		kwargs = append([]starlark.Tuple{{starlark.String("name"), args[1]}}, kwargs...)
	}
	if err := q.take(kwargs); err != nil {
		return nil, err
	}
	return starlark.None, r.note(q)
}

// take reads the script's own columns.
func (q *question) take(kwargs []starlark.Tuple) error {
	if len(kwargs) > maxColumns {
		return fmt.Errorf("row: found %d columns, expected at most %d", len(kwargs), maxColumns)
	}
	for _, kw := range kwargs {
		key, value := string(kw[0].(starlark.String)), any(nil)
		for _, k := range own {
			if k == key {
				return fmt.Errorf("row: column %q is every row's own: call yours another name", key)
			}
		}
		for _, c := range q.columns {
			if c.Key == key {
				return fmt.Errorf("row: column %q comes twice", key)
			}
		}
		switch v := kw[1].(type) {
		case starlark.NoneType:
		case starlark.Bool:
			value = bool(v)
		case starlark.String:
			value = cut(string(v), maxText)
		case starlark.Int, starlark.Float:
			f, _ := starlark.AsFloat(v)
			if value = f; math.IsNaN(f) || math.IsInf(f, 0) {
				value = nil
			}
		default:
			return fmt.Errorf("row: column %q: found %s, expected text, a number, True, False or None", cut(key, 80), v.Type())
		}
		q.columns = append(q.columns, Cell{key, value})
	}
	return nil
}

// note takes a question up.
func (r *run) note(q *question) error {
	r.size += 256
	for _, c := range q.columns {
		s, _ := c.Value.(string)
		r.size += len(c.Key) + len(s) + 24
	}
	if len(r.asked) == maxRows || r.size > maxRowBytes {
		return fmt.Errorf("row: there are %d rows already, and no room for more: ask for less at once", len(r.asked))
	}
	r.asked = append(r.asked, q)
	if q.answer != nil {
		q.settle()
		return nil
	}
	// Several at once: none depends on another, and each is the same whoever finds
	// it. The script waits while as many as there are processors are at it.
	r.answering.Go(func() error {
		return mishap.Guard(func() (err error) {
			if err = r.ctx.Err(); err == nil {
				q.answer, err = q.mesh.Predict()
			}
			if err == nil {
				q.settle()
			}
			return err
		})
	})
	return nil
}

// settle makes the row of the answer.
func (q *question) settle() {
	q.row, q.warnings = q.answer.row(q.columns), q.answer.warnings()
	q.mesh, q.answer, q.columns = nil, nil, nil
}

// gather takes the rows into the result, in the order in which they were asked for.
func (r *run) gather() {
	for _, q := range r.asked {
		r.result.Rows = append(r.result.Rows, q.row)
		r.result.warn(q.warnings)
	}
}
