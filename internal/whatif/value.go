package whatif

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/sluice-mesh/sluice/budget"
)

// meshValue is a Mesh in a script.
type meshValue struct {
	r *run
	m *Mesh
}

func (v *meshValue) String() string        { return fmt.Sprintf("mesh(%d services)", v.m.study.Len()) }
func (v *meshValue) Type() string          { return "mesh" }
func (v *meshValue) Freeze()               {}
func (v *meshValue) Truth() starlark.Bool  { return true }
func (v *meshValue) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: mesh") }

// meshFields are what a mesh has besides verbs.
var meshFields = []string{"services", "pods", "cpu_limit", "floor", "knee", "observed_ms", "observed_rate"}

// AttrNames lists verbs and fields.
func (v *meshValue) AttrNames() []string {
	out := append([]string(nil), meshFields...)
	for i := range verbs {
		out = append(out, verbs[i].name)
	}
	return out
}

// Attr is a verb, or a field; the error suggests what may have been meant.
func (v *meshValue) Attr(name string) (starlark.Value, error) {
	if verb := verbNamed[name]; verb != nil {
		return starlark.NewBuiltin(name, func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			if err := v.r.ctx.Err(); err != nil {
				return nil, err
			}
			out, err := verb.run(v.r, v.m, b, args, kwargs)
			if err != nil {
				return nil, &usageError{err, verb}
			}
			return out, nil
		}), nil
	}
	s := v.m.study
	switch name {
	case "services":
		return v.services(), nil
	case "pods":
		d := starlark.NewDict(s.Len())
		for i := range s.Len() {
			_ = d.SetKey(starlark.String(s.Service(i)), starlark.MakeInt(s.Pods(i)))
		}
		return d, nil
	case "cpu_limit":
		return cores(v.m.limits.CPU), nil
	case "floor":
		return cores(s.Floors().CPU), nil
	case "knee":
		return cores(s.Knee()), nil
	case "observed_ms":
		return amount(told(s.Seen().Mean)), nil
	case "observed_rate":
		return starlark.Float(s.Seen().Rate), nil
	}
	return nil, noField("mesh", name, v.AttrNames())
}

func (v *meshValue) services() starlark.Value {
	out := make(starlark.Tuple, 0, len(v.m.names.all))
	for _, n := range v.m.names.all {
		out = append(out, starlark.String(n))
	}
	return out
}

// usageError is a verb's error with how it is used.
type usageError struct {
	error
	verb *verb
}

func (e *usageError) Error() string {
	return fmt.Sprintf("%v; usage: mesh.%s(%s)", e.error, e.verb.name, e.verb.usage)
}

func (e *usageError) Unwrap() error { return e.error }

func cores(m budget.MilliCPU) starlark.Value { return starlark.Float(float64(m) / 1000) }

// amount is what told and figure made, as a value.
func amount(v any) starlark.Value {
	if f, ok := v.(float64); ok {
		return starlark.Float(f)
	}
	return starlark.None
}

// answerValue is an Answer in a script.
type answerValue struct{ a *Answer }

func (v *answerValue) String() string        { return fmt.Sprintf("answer(mean %v)", v.a.Mean) }
func (v *answerValue) Type() string          { return "answer" }
func (v *answerValue) Freeze()               {}
func (v *answerValue) Truth() starlark.Bool  { return true }
func (v *answerValue) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: answer") }

var answerFields = []string{"cpu_limit", "cpu", "mean_ms", "p50_ms", "p99_ms", "requests_per_second", "throttles_first", "utilization", "given", "used"}

func (v *answerValue) AttrNames() []string { return append([]string(nil), answerFields...) }

func (v *answerValue) Attr(name string) (starlark.Value, error) {
	a := v.a
	switch name {
	case "cpu_limit":
		return cores(a.mesh.limits.CPU), nil
	case "cpu":
		return cores(a.CPU), nil
	case "mean_ms":
		return amount(told(a.Mean)), nil
	case "p50_ms":
		return amount(told(a.P50)), nil
	case "p99_ms":
		return amount(told(a.P99)), nil
	case "requests_per_second":
		return amount(figure(a.Rate)), nil
	case "throttles_first":
		if a.First < 0 {
			return starlark.None, nil
		}
		return starlark.String(a.first()), nil
	case "utilization":
		return starlark.Float(a.utilization()), nil
	case "given":
		return a.byService(func(i int) starlark.Value { return cores(a.Given[i]) }), nil
	case "used":
		return a.byService(func(i int) starlark.Value { return starlark.Float(a.Sidecars[i].Demand) }), nil
	}
	return nil, noField("answer", name, answerFields)
}

// byService is a frozen dictionary of all services.
func (a *Answer) byService(of func(i int) starlark.Value) starlark.Value {
	d := starlark.NewDict(len(a.Given))
	for i := range a.Given {
		_ = d.SetKey(starlark.String(a.mesh.study.Service(i)), of(i)) // text hashes, and nobody iterates yet
	}
	d.Freeze()
	return d
}

// helpValue is a Help in a script.
type helpValue struct {
	r *run
	h Change
}

func (v *helpValue) String() string        { return v.h.Name }
func (v *helpValue) Type() string          { return "change" }
func (v *helpValue) Freeze()               {}
func (v *helpValue) Truth() starlark.Bool  { return true }
func (v *helpValue) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: change") }
func (v *helpValue) AttrNames() []string {
	return []string{"change", "service", "mean_ms", "saves_ms", "mesh"}
}

func (v *helpValue) Attr(name string) (starlark.Value, error) {
	switch name {
	case "change":
		return starlark.String(v.h.Name), nil
	case "service":
		return starlark.String(v.h.Service), nil
	case "mean_ms":
		return amount(told(v.h.Answer.Mean)), nil
	case "saves_ms":
		return starlark.Float(millis(v.h.Saves)), nil
	case "mesh":
		return &meshValue{v.r, v.h.Answer.mesh}, nil
	}
	return nil, noField("change", name, v.AttrNames())
}
