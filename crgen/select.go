package crgen

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Carried is the labels of a pod, or of several that carry the same.
type Carried struct {
	// Labels, nil where nobody said: the pod is then taken to carry the label that
	// is assumed.
	Labels map[string]string
	// Pod is the name of one that carries them, for the warnings.
	Pod string
}

// identities are labels that name a workload, in the order in which they are tried
// after Options.LabelKey: those that Istio and Kubernetes recommend or write themselves.
var identities = []string{DefaultLabelKey, "app.kubernetes.io/name", "service.istio.io/canonical-name", "k8s-app", "name"}

const (
	// maxMerged is how many services one Sidecar may be for because their pods cannot
	// be told apart. A label that more share (team: core) names no workload: to merge
	// all that carry it would widen many scopes for the sake of one.
	maxMerged = 4
	// maxSelected is the most labels of a selector, far below Istio's 256.
	maxSelected = 8
	// maxPasses is how often merged workloads are looked at again; what overlaps still
	// is left out.
	maxPasses = 8
	// maxLooks bounds the pods that are compared with selectors in one namespace:
	// where labels are that much alike it would take minutes.
	maxLooks = 20_000_000
)

// unit is workloads (sorted) that have a pod in common: what they are is one.
type unit struct {
	members []Workload
	// services of the members, sorted; lead is the one that it is named after.
	services []string
	lead     string
	// common are the labels that all its pods carry as far as they are known, else
	// the one that is assumed.
	common map[string]string
	// given is that somebody said by which labels to select it, known that its pods'
	// labels or these were told.
	given, known bool
}

// units groups workloads (sorted) that are one by name or by a pod that is named.
func units(ws []Workload, o Options) []unit {
	d := newDisjoint(len(ws))
	first := map[string]int{} // by pod; those of one service follow each other
	for i, w := range ws {
		if i > 0 && ws[i-1].Service == w.Service {
			d.union(i-1, i)
		}
		for _, p := range w.Pods {
			if j, ok := first[p]; ok {
				d.union(i, j)
			} else {
				first[p] = i
			}
		}
	}
	out := make([]unit, 0, len(ws))
	for _, members := range d.groups(ws) {
		out = append(out, newUnit(members, o))
	}
	return out
}

func newUnit(members []Workload, o Options) unit {
	u := unit{members: members, lead: members[lead(members)].Service}
	for _, w := range members {
		u.services = append(u.services, w.Service)
		for _, labels := range w.sets() {
			u.given = len(w.Labels) > 0
			if u.known {
				u.common = shared(u.common, labels)
			} else {
				u.common, u.known = labels, true
			}
		}
	}
	if len(u.services) > 1 {
		slices.Sort(u.services)
		u.services = slices.Compact(u.services)
	}
	if !u.known {
		u.common = map[string]string{o.LabelKey: u.lead}
	}
	return u
}

// sets are the labels that are known of w's pods, or by which to select them.
func (w *Workload) sets() []map[string]string {
	if len(w.Labels) > 0 {
		return []map[string]string{w.Labels}
	}
	var out []map[string]string
	for _, c := range w.Carries {
		if len(c.Labels) > 0 {
			out = append(out, c.Labels)
		}
	}
	return out
}

// shared are the labels that are in both.
func shared(a, b map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range a {
		if w, ok := b[k]; ok && v == w {
			out[k] = v
		}
	}
	return out
}

// group is units that one Sidecar is for, and by which labels it selects them; why
// says why nothing selects them and nothing else, with what to do about it.
type group struct {
	units    []unit
	selector map[string]string
	why      string
	// note is what to tell though there is a Sidecar.
	note string
}

// carrier is one set of labels that pods of a unit carry; unit is -1 for those of a
// workload that gets no Sidecar whatever it carries.
type carrier struct {
	unit         int
	service, pod string
	labels       map[string]string
}

// picker finds selectors that match the pods of their own workloads and no others.
type picker struct {
	o        Options
	units    []unit
	sets     disjoint
	members  [][]int // units by the leader of their group
	carriers []carrier
	at       map[label][]int // carriers by label
	looks    int
	groups   []*group // by their leaders
}

// label is one label of a pod.
type label struct{ key, value string }

// pick groups units by what can be told apart and chooses each group's selector. A
// selector that matches pods of others would put two Sidecars on a pod, of which Istio
// takes the older one, or take from the others hosts that they call. So it is one that
// matches its own alone, as far as labels tell; else the workloads that it matches are
// merged with it or, where they are many, it gets none.
func pick(us []unit, skipped []Workload, o Options) []*group {
	p := &picker{o: o, units: us, sets: newDisjoint(len(us)), members: make([][]int, len(us)), at: make(map[label][]int, len(us))}
	numbers := make([]int, len(us))
	for i := range us {
		numbers[i] = i
		p.members[i] = numbers[i : i+1 : i+1]
		for _, w := range us[i].members {
			p.carry(i, w, us[i].known)
		}
	}
	for _, w := range skipped {
		p.carry(-1, w, true)
	}
	for pass := 0; ; pass++ {
		p.groups = make([]*group, len(us))
		merged := false
		for i := range us {
			if p.sets.find(i) == i {
				merged = p.decide(i, pass < maxPasses) || merged
			}
		}
		if !merged {
			break
		}
	}
	out := make([]*group, 0, len(us))
	for i := range us {
		if g := p.groups[i]; g != nil {
			for _, k := range p.members[i] {
				g.units = append(g.units, us[k])
			}
			out = append(out, g)
		}
	}
	return out
}

// carry notes what the pods of w carry. Where nobody said it is the assumed label, also
// for those pods of a workload of which others are known.
func (p *picker) carry(unit int, w Workload, known bool) {
	assumed := len(w.Carries) == 0 && len(w.Labels) == 0 && (unit >= 0 || !known)
	add := func(pod string, labels map[string]string) {
		for k, v := range labels {
			p.at[label{k, v}] = append(p.at[label{k, v}], len(p.carriers))
		}
		p.carriers = append(p.carriers, carrier{unit, w.Service, pod, labels})
	}
	for _, c := range w.Carries {
		if len(c.Labels) > 0 {
			add(c.Pod, c.Labels)
		}
		assumed = assumed || c.Labels == nil
	}
	if len(w.Labels) > 0 {
		add("", w.Labels)
	}
	if assumed {
		add("", map[string]string{p.o.LabelKey: w.Service})
	}
}

// decide chooses the selector of the group that unit i leads, and reports whether it
// merged it with others instead.
func (p *picker) decide(i int, mayMerge bool) (merged bool) {
	g := &group{}
	p.groups[i] = g
	common, given := p.common(i)
	if given && badLabels(common) != "" {
		g.selector = common // judge says what is wrong with it
		return false
	}
	var others []int
	var first, last map[string]string
	for selector := range candidates(common, given, p.o) {
		if last = selector; first == nil {
			first = selector
		}
		found, told := p.matched(selector, i)
		if !told {
			g.why = "its pods' labels are too much like those of many others to be told apart: give them one of their own, such as " + p.own(i)
			return false
		}
		if len(found) == 0 {
			g.selector = selector
			g.note = p.note(i, selector)
			return false
		}
		others = found
	}
	if first == nil {
		g.why = p.nothingShared(i)
		return false
	}
	if mayMerge && p.mergeable(i, others) {
		for _, c := range others {
			p.merge(i, p.carriers[c].unit)
		}
		return true
	}
	c := p.carriers[others[0]]
	advice := "give its own pods a label that only they carry, such as " + p.own(i)
	if first[p.o.LabelKey] == p.units[i].lead { // they have it: it is the other that should not
		advice = fmt.Sprintf("give that one the label %s: %s", p.o.LabelKey, c.service)
	}
	g.why = fmt.Sprintf("%s would select pod%s of %s too: %s", spell(last), named(c.pod), quote(c.service), advice)
	return false
}

// common are the labels that all pods of a group carry, given whether they are to be
// taken as they stand.
func (p *picker) common(i int) (labels map[string]string, given bool) {
	given = true
	for k, m := range p.members[p.sets.find(i)] {
		u := &p.units[m]
		given = given && u.given
		if k == 0 {
			labels = u.common
		} else {
			labels = shared(labels, u.common)
		}
	}
	return labels, given
}

// candidates are the selectors to try: one that names the workload, then all that its
// pods share, as far as a selector holds them.
func candidates(common map[string]string, given bool, o Options) iter.Seq[map[string]string] {
	return func(yield func(map[string]string) bool) {
		if given {
			if len(common) > 0 {
				yield(common)
			}
			return
		}
		all := map[string]string{}
		add := func(k string) bool {
			v, ok := common[k]
			if _, taken := all[k]; !ok || taken || !isLabelKey(k) || !isQualified(v) || len(all) == maxSelected {
				return false
			}
			all[k] = v
			return true
		}
		named := 0
		for i := -1; i < len(identities); i++ {
			k := o.LabelKey
			if i >= 0 {
				k = identities[i]
			}
			if !add(k) {
				continue
			}
			if named++; !yield(map[string]string{k: all[k]}) {
				return
			}
		}
		for _, k := range sortedKeys(common) {
			add(k)
		}
		if len(all) > 1 || len(all) == 1 && named == 0 {
			yield(all)
		}
	}
}

// some is whether there is any candidate.
func some(selectors iter.Seq[map[string]string]) bool {
	for range selectors {
		return true
	}
	return false
}

// matched are carriers that the selector matches and that are not of the group of unit i,
// one of each other group, of at most maxMerged groups. told is false where finding
// out would take too long.
func (p *picker) matched(selector map[string]string, i int) (others []int, told bool) {
	var rarest []int
	best := ""
	for k, v := range selector {
		if at := p.at[label{k, v}]; best == "" || len(at) < len(rarest) || len(at) == len(rarest) && k < best {
			rarest, best = at, k
		}
	}
	own := p.sets.find(i)
	var seen []int // leaders, few
	for _, c := range rarest {
		if p.looks++; p.looks > maxLooks {
			return nil, false
		}
		leader := p.carriers[c].unit
		if leader >= 0 {
			leader = p.sets.find(leader)
		}
		if leader == own || slices.Contains(seen, leader) || !among(selector, p.carriers[c].labels) {
			continue
		}
		seen = append(seen, leader)
		if others = append(others, c); len(others) == maxMerged {
			break
		}
	}
	return others, true
}

// among is whether labels has all of selector.
func among(selector, labels map[string]string) bool {
	for k, v := range selector {
		if w, ok := labels[k]; !ok || v != w {
			return false
		}
	}
	return true
}

// mergeable is whether one Sidecar can be for the group of unit i and those of the
// carriers: they are few, and share a label that can select them.
func (p *picker) mergeable(i int, others []int) bool {
	common, given := p.common(i)
	services := p.services(i)
	for _, c := range others {
		u := p.carriers[c].unit
		if u < 0 {
			return false
		}
		labels, as := p.common(u)
		common, given = shared(common, labels), given && as
		services += p.services(u)
	}
	return services <= maxMerged && some(candidates(common, given, p.o))
}

// services is how many the group of unit i has.
func (p *picker) services(i int) (n int) {
	for _, m := range p.members[p.sets.find(i)] {
		n += len(p.units[m].services)
	}
	return n
}

// merge makes one group of those of two units.
func (p *picker) merge(i, j int) {
	i, j = p.sets.find(i), p.sets.find(j)
	if i == j {
		return
	}
	all := slices.Sorted(slices.Values(slices.Concat(p.members[i], p.members[j])))
	p.members[max(i, j)] = nil
	p.sets.union(i, j)
	p.members[min(i, j)] = all
}

// note tells of pods that a Sidecar selects for want of labels that part them.
func (p *picker) note(i int, selector map[string]string) string {
	members := p.members[i]
	if len(members) < 2 {
		return ""
	}
	var all []string
	for _, m := range members {
		all = append(all, quote(p.units[m].lead))
	}
	return fmt.Sprintf("%s selects the pods of %s alike, whose labels do not part them: each gets the hosts of all; to narrow them further give each a label of its own, such as %s",
		spell(selector), shorten(all), p.own(i))
}

// nothingShared says which two pods of a group share no label.
func (p *picker) nothingShared(i int) string {
	var two []string
	last := ""
	for _, c := range p.carriers {
		if c.unit < 0 || p.sets.find(c.unit) != i || spell(c.labels) == last || len(two) == 2 {
			continue
		}
		last = spell(c.labels)
		two = append(two, "pod"+named(c.pod)+" carries "+last)
	}
	return fmt.Sprintf("no label selects all its pods (%s): give them one that only they carry, such as %s", strings.Join(two, ", "), p.own(i))
}

// own is the label that the pods of unit i should have.
func (p *picker) own(i int) string {
	return p.o.LabelKey + ": " + p.units[i].lead
}

// named is the name of a pod behind a blank, "" where it is not known.
func named(pod string) string {
	if pod == "" {
		return "s"
	}
	return " " + quote(pod)
}

// spell writes labels for a sentence.
func spell(labels map[string]string) string {
	parts := make([]string, 0, len(labels))
	for _, k := range sortedKeys(labels) {
		v := labels[k]
		if !isQualified(v) || !isLabelKey(k) {
			k, v = quote(k), quote(v)
		}
		parts = append(parts, k+"="+v)
	}
	return shorten(parts)
}

// compareCarried orders what pods carry.
func compareCarried(a, b Carried) int {
	return cmp.Or(cmp.Compare(labelsKey(a.Labels), labelsKey(b.Labels)), cmp.Compare(a.Pod, b.Pod))
}
