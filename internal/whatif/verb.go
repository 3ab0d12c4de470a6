package whatif

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"github.com/sluice-mesh/sluice/budget"
)

// verb is one thing that can be done with a mesh.
type verb struct {
	name string
	// usage is what stands between the parentheses, help a sentence.
	usage, help string
	run         func(r *run, m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error)
}

// edits make another mesh, asks answer. They are listed in Help in this order.
var (
	edits = []verb{
		{"scale", "x", "the load times x, however it comes", (*run).scale},
		{"open", "rate", "requests come at a rate per second, whatever becomes of them", (*run).open},
		{"closed", "clients", "so many requests are in flight at all times", (*run).closed},
		{"entry", "service, share=None, x=None", "another share of the requests enters at a service: 0 to 1, or x times its own", (*run).entry},
		{"replicas", "service, pods", "a service has that many pods", (*run).replicas},
		{"fail", "name, pods=1", "a pod, or so many pods of a service, are gone; the others take their calls", (*run).fail},
		{"calls", "caller, callee, count=1, parallel=False", "each visit of the caller makes count calls of the callee, beside its other parallel calls or after one another", (*run).calls},
		{"remove", "caller, callee", "the caller calls the callee no more", (*run).remove},
		{"reroute", "caller, callee, to, share=1", "a share of the caller's calls of the callee goes to another service", (*run).reroute},
		{"work", "service, ms=None, x=None", "the application takes another time for each call: ms, or x times its own", (*run).work},
		{"cost", "service, x", "a call costs the service's sidecars x times the CPU", (*run).cost},
		{"budget", "cores, memory=None", "another CPU limit for all sidecars together, and memory in bytes", (*run).budget},
		{"limit", "service, cores", "each sidecar of a service gets that much; all others keep what they have", (*run).limit},
		{"allocate", "{service: cores, …}", "the same for several services", (*run).allocate},
		{"apply", "plan=None", "fixes the allocation: that of a plan, or the present one", (*run).apply},
		{"in_force", "", "fixes the allocation to that under which the round was observed", (*run).inForce},
		{"planned", "", "lets the allocation be planned again after it was fixed", (*run).planned},
	}
	asks = []verb{
		{"plan", "", "the plan for the budget, and what it promises", (*run).plan},
		{"predict", "", "what is foreseen under the allocation: fixed, or else the plan's", (*run).predict},
		{"first", "", "the service whose sidecars throttle first", (*run).first},
		{"cheapest", "mean_ms=None, p99_ms=None", "the least budget in cores whose plan keeps a target, as far as chance lets one tell; None where none does", (*run).cheapest},
		{"helps", "n=5", "up to n single changes that lower the mean most, the best first, and by more than chance: each has change, service, mean_ms, saves_ms, mesh", (*run).helps},
	}
	verbs = append(slices.Clone(edits), asks...)
)

var verbNamed = func() map[string]*verb {
	out := map[string]*verb{}
	for i := range verbs {
		out[verbs[i].name] = &verbs[i]
	}
	return out
}()

// verbNames are in the order of Help.
var verbNames = func() (out []string) {
	for i := range verbs {
		out = append(out, verbs[i].name)
	}
	return out
}()

// Help lists what a script can say.
func Help() string {
	var b strings.Builder
	b.WriteString("A script is Starlark (a dialect of Python). mesh is the round as it was; verbs make\nanother mesh of it, or ask:\n\n")
	section := func(verbs []verb) {
		for _, v := range verbs {
			fmt.Fprintf(&b, "  mesh.%s(%s)\n      %s\n", v.name, v.usage, v.help)
		}
	}
	section(edits)
	b.WriteString("\n")
	section(asks)
	b.WriteString("\n  row(MESH or ANSWER, name=None, COLUMN=VALUE, …)\n      adds a row to the result\n" +
		"  span(FROM, TO, STEP)\n      the numbers from FROM to TO, both included\n\n" +
		"A mesh also has: " + strings.Join(meshFields, ", ") + ".\n" +
		"An answer has: " + strings.Join(answerFields, ", ") + ".\n")
	return b.String()
}

// unpack reads a verb's arguments.
func unpack(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple, pairs ...any) error {
	return starlark.UnpackArgs(b.Name(), args, kwargs, pairs...)
}

// number is an argument that may be an int, a float, or text such as "x2".
type number struct {
	f   float64
	set bool
}

// Unpack reads it; None leaves it unset.
func (n *number) Unpack(v starlark.Value) error {
	if v == starlark.None {
		return nil
	}
	if s, ok := v.(starlark.String); ok {
		var rest string
		if _, err := fmt.Sscanf(strings.TrimPrefix(string(s), "x")+" ;", "%g %s", &n.f, &rest); err == nil && rest == ";" && len(s) < 40 {
			n.set = true
			return nil
		}
	}
	f, ok := starlark.AsFloat(v)
	if !ok || math.IsNaN(f) {
		return fmt.Errorf("found %s, expected a number", v.Type())
	}
	n.f, n.set = f, true
	return nil
}

// made wraps what an edit made.
func (r *run) made(m *Mesh, err error) (starlark.Value, error) {
	if err != nil {
		return nil, err
	}
	return &meshValue{r, m}, nil
}

func (r *run) scale(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x number
	if err := unpack(b, args, kwargs, "x", &x); err != nil {
		return nil, err
	}
	return r.made(m.Scaled(x.f))
}

func (r *run) open(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var rate number
	if err := unpack(b, args, kwargs, "rate", &rate); err != nil {
		return nil, err
	}
	return r.made(m.with(m.study.Open(rate.f)))
}

func (r *run) closed(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var clients number
	if err := unpack(b, args, kwargs, "clients", &clients); err != nil {
		return nil, err
	}
	return r.made(m.with(m.study.Closed(clients.f)))
}

func (r *run) entry(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var service string
	var share, x number
	if err := unpack(b, args, kwargs, "service", &service, "share?", &share, "x?", &x); err != nil {
		return nil, err
	}
	if share.set == x.set {
		return nil, errors.New("entry: give share= or x=, one of the two")
	}
	return r.made(m.of(service, func(i int) (*budget.Study, error) {
		to := share.f
		if now := m.edge(budget.AtGateway, i).Count; x.set {
			if to = now * x.f; now == 0 {
				return nil, fmt.Errorf("entry: no request enters at %q, and %v times none is none: give share=", cut(service, 80), x.f)
			}
		}
		return m.study.WithEdge(budget.Edge{From: budget.AtGateway, To: i, Count: to})
	}))
}

// edge is the calls from one service to another, with a count of 0 where there are none.
func (m *Mesh) edge(from, to int) budget.Edge {
	for _, e := range m.study.Edges() {
		if e.From == from && e.To == to {
			return e
		}
	}
	return budget.Edge{From: from, To: to}
}

func (r *run) replicas(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var service string
	var pods int
	if err := unpack(b, args, kwargs, "service", &service, "pods", &pods); err != nil {
		return nil, err
	}
	return r.made(m.WithReplicas(service, pods))
}

func (r *run) fail(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	gone := 1
	if err := unpack(b, args, kwargs, "name", &name, "pods?", &gone); err != nil {
		return nil, err
	}
	i, isPod := m.names.podOf[name]
	if isPod && gone == 1 {
		name = m.study.Service(i)
	}
	return r.made(m.of(name, func(i int) (*budget.Study, error) {
		left := m.study.Pods(i) - gone
		if gone < 1 {
			return nil, fmt.Errorf("fail: pods: found %d, expected 1 or more", gone)
		}
		if left < 1 {
			return nil, fmt.Errorf("fail: %q has %d pods; with %d gone none is left to take the calls: remove the calls instead", cut(name, 80), m.study.Pods(i), gone)
		}
		return m.study.Replicas(i, left)
	}))
}

// pair is the indices of two services.
func (m *Mesh) pair(from, to string) (i, j int, err error) {
	if i, err = m.service(from); err == nil {
		j, err = m.service(to)
	}
	return i, j, err
}

func (r *run) calls(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var from, to string
	count, parallel := number{f: 1}, false
	if err := unpack(b, args, kwargs, "caller", &from, "callee", &to, "count?", &count, "parallel?", &parallel); err != nil {
		return nil, err
	}
	i, j, err := m.pair(from, to)
	if err != nil {
		return nil, err
	}
	return r.made(m.with(m.study.WithEdge(budget.Edge{From: i, To: j, Count: count.f, Parallel: parallel})))
}

// present is the edge between two services, an error where there is none.
func (m *Mesh) present(from, to string) (budget.Edge, error) {
	i, j, err := m.pair(from, to)
	if err != nil {
		return budget.Edge{}, err
	}
	e := m.edge(i, j)
	if e.Count == 0 {
		return e, fmt.Errorf("%q does not call %q", cut(from, 80), cut(to, 80))
	}
	return e, nil
}

func (r *run) remove(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var from, to string
	if err := unpack(b, args, kwargs, "caller", &from, "callee", &to); err != nil {
		return nil, err
	}
	e, err := m.present(from, to)
	if err != nil {
		return nil, err
	}
	e.Count = 0
	return r.made(m.with(m.study.WithEdge(e)))
}

func (r *run) reroute(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var from, callee, to string
	share := number{f: 1}
	if err := unpack(b, args, kwargs, "caller", &from, "callee", &callee, "to", &to, "share?", &share); err != nil {
		return nil, err
	}
	if !(share.f > 0 && share.f <= 1) {
		return nil, fmt.Errorf("reroute: share: found %v, expected a number over 0 and up to 1", share.f)
	}
	e, err := m.present(from, callee)
	if err != nil {
		return nil, err
	}
	j, err := m.service(to)
	if err != nil {
		return nil, err
	}
	if j == e.To {
		return &meshValue{r, m}, nil
	}
	moved := m.edge(e.From, j)
	if moved.Count == 0 {
		moved.Parallel = e.Parallel
	}
	moved.Count += e.Count * share.f
	e.Count *= 1 - share.f
	c, err := m.with(m.study.WithEdge(e))
	if err != nil {
		return nil, err
	}
	return r.made(c.with(c.study.WithEdge(moved)))
}

func (r *run) work(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var service string
	var ms, x number
	if err := unpack(b, args, kwargs, "service", &service, "ms?", &ms, "x?", &x); err != nil {
		return nil, err
	}
	if ms.set == x.set {
		return nil, errors.New("work: give ms= or x=, one of the two")
	}
	return r.made(m.of(service, func(i int) (*budget.Study, error) {
		to := ms.f
		if x.set && x.f == 1 {
			return m.study, nil // not even a nanosecond's rounding
		}
		if x.set {
			to = millis(m.study.Work(i)) * x.f
		}
		if !(to >= 0 && to <= 1e6) {
			return nil, fmt.Errorf("work: found %v ms, expected a number from 0 to 1000000", to)
		}
		return m.study.WithWork(i, time.Duration(to*1e6))
	}))
}

func (r *run) cost(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var service string
	var x number
	if err := unpack(b, args, kwargs, "service", &service, "x", &x); err != nil {
		return nil, err
	}
	return r.made(m.of(service, func(i int) (*budget.Study, error) { return m.study.Costlier(i, x.f) }))
}

func (r *run) budget(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var cores, memory number
	if err := unpack(b, args, kwargs, "cores", &cores, "memory?", &memory); err != nil {
		return nil, err
	}
	return r.made(m.WithBudget(cores.f, memory.f))
}

func (r *run) limit(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var service string
	var cores number
	if err := unpack(b, args, kwargs, "service", &service, "cores", &cores); err != nil {
		return nil, err
	}
	return r.made(m.Allocated(map[string]float64{service: cores.f}))
}

func (r *run) allocate(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var given *starlark.Dict
	if err := unpack(b, args, kwargs, "cores", &given); err != nil {
		return nil, err
	}
	cores := map[string]float64{}
	for _, item := range given.Items() {
		name, ok := starlark.AsString(item[0])
		if !ok {
			return nil, fmt.Errorf("allocate: found a key of type %s, expected the name of a service", item[0].Type())
		}
		var x number
		if err := x.Unpack(item[1]); err != nil {
			return nil, fmt.Errorf("allocate: %q: %w", cut(name, 80), err)
		}
		cores[name] = x.f
	}
	return r.made(m.Allocated(cores))
}

func (r *run) apply(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var plan starlark.Value = starlark.None
	if err := unpack(b, args, kwargs, "plan?", &plan); err != nil {
		return nil, err
	}
	if plan == starlark.None {
		return r.made(m.Applied())
	}
	a, ok := plan.(*answerValue)
	if !ok {
		return nil, fmt.Errorf("apply: found %s, expected what plan() or predict() returned", plan.Type())
	}
	c := *m
	c.fixed = slices.Clone(a.a.Given)
	return &meshValue{r, &c}, nil
}

func (r *run) inForce(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := unpack(b, args, kwargs); err != nil {
		return nil, err
	}
	return r.made(m.InForce())
}

func (r *run) planned(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := unpack(b, args, kwargs); err != nil {
		return nil, err
	}
	c := *m
	c.fixed = nil
	return &meshValue{r, &c}, nil
}

func (r *run) plan(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := unpack(b, args, kwargs); err != nil {
		return nil, err
	}
	return r.answered(m.Plan())
}

func (r *run) predict(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := unpack(b, args, kwargs); err != nil {
		return nil, err
	}
	return r.answered(m.Predict())
}

func (r *run) answered(a *Answer, err error) (starlark.Value, error) {
	if err != nil {
		return nil, err
	}
	r.result.warn(a.warnings())
	return &answerValue{a}, nil
}

func (r *run) first(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := unpack(b, args, kwargs); err != nil {
		return nil, err
	}
	a, err := m.Predict()
	if err != nil || a.First < 0 {
		return starlark.None, err
	}
	return starlark.String(a.first()), nil
}

func (r *run) cheapest(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var mean, p99 number
	if err := unpack(b, args, kwargs, "mean_ms?", &mean, "p99_ms?", &p99); err != nil {
		return nil, err
	}
	if !mean.set && !p99.set {
		return nil, errors.New("cheapest: give mean_ms=, p99_ms= or both")
	}
	// What chance alone may have added is no reason to pay for more.
	keeps := func(want number, got, chance time.Duration) bool {
		return !want.set || got > 0 && millis(got-chance) <= want.f
	}
	c, p, err := m.Cheapest(r.ctx, func(p budget.Proof) bool {
		return p.Mean > 0 && keeps(mean, p.Mean, p.MeanChance) && keeps(p99, p.P99, p.P99Chance)
	})
	if err != nil || c == nil {
		return starlark.None, err
	}
	near := func(what string, want number, got, chance time.Duration) {
		if want.set && millis(got) > want.f {
			r.result.warn([]string{fmt.Sprintf("cheapest: %s=%v is kept within chance: at %v cores many rehearsals come to %.4g ± %.2g ms, and the two of a row may come to more",
				what, want.f, float64(c.limits.CPU)/1000, millis(got), millis(chance))})
		}
	}
	near("mean_ms", mean, p.Mean, p.MeanChance)
	near("p99_ms", p99, p.P99, p.P99Chance)
	return starlark.Float(float64(c.limits.CPU) / 1000), nil
}

func (r *run) helps(m *Mesh, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	n := 5
	if err := unpack(b, args, kwargs, "n?", &n); err != nil {
		return nil, err
	}
	found, chance, err := m.Helps(r.ctx, n)
	if err != nil {
		return nil, err
	}
	if len(found) < n {
		r.result.warn([]string{fewHelp(len(found), chance)})
	}
	var out []starlark.Value
	for _, h := range found {
		out = append(out, &helpValue{r, h})
	}
	return starlark.NewList(out), nil
}

// fewHelp says why there are not as many changes as were asked for.
func fewHelp(found int, chance time.Duration) string {
	what := "helps: no single change of those tried lowers the mean"
	if found > 0 {
		what = fmt.Sprintf("helps: %d of the single changes tried lower the mean, no other does", found)
	}
	if chance > 0 {
		what += fmt.Sprintf(" by more than chance, which may be %.2g ms", millis(chance))
	}
	return what
}
