package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// pair is one figure of both plans; what is not known is null.
type pair struct {
	Old *figure `json:"old"`
	New *figure `json:"new"`
}

func pairOf(old, new *float64) pair {
	f := func(v *float64) *figure {
		if v == nil {
			return nil
		}
		return known(true, figure(*v))
	}
	return pair{f(old), f(new)}
}

// gatewayPair is what both plans say of requests at the ingress gateway.
type gatewayPair struct {
	MeanMS pair `json:"mean_ms"`
	Rate   pair `json:"requests_per_second"`
}

func gatewayPairOf(old, new gatewayRead) gatewayPair {
	return gatewayPair{pairOf(old.MeanMS, new.MeanMS), pairOf(old.Rate, new.Rate)}
}

// totalsPair are both plans' sums over all pods.
type totalsPair struct {
	CPU         pair `json:"cpu"`
	CPULimit    pair `json:"cpu_limit"`
	Memory      pair `json:"memory"`
	MemoryLimit pair `json:"memory_limit"`
}

func (d *Difference) totals() totalsPair {
	of := func(f func(*totalsRead) *float64) pair {
		g := func(t *totalsRead) *float64 {
			if t == nil {
				return nil
			}
			return f(t)
		}
		return pairOf(g(d.Old.Totals), g(d.New.Totals))
	}
	return totalsPair{
		CPU:         of(func(t *totalsRead) *float64 { return &t.CPU }),
		CPULimit:    of(func(t *totalsRead) *float64 { return &t.CPULimit }),
		Memory:      of(func(t *totalsRead) *float64 { return &t.Memory }),
		MemoryLimit: of(func(t *totalsRead) *float64 { return &t.MemoryLimit }),
	}
}

// JSON is `sluice diff -o json`.
func (d *Difference) JSON() ([]byte, error) {
	var doc document
	if d.ResourcesOnly {
		doc.list("resources", 1, rowsOf(d.Resources, nil))
		doc.set("resources_same", d.SameResources)
		doc.set("untold", d.Untold)
		doc.list("warnings", 2, warningRows(d.Warnings))
		return doc.finish(0)
	}
	doc.set("rounds", map[string]int{"old": d.Old.Round, "new": d.New.Round})
	doc.set("totals", d.totals())
	doc.set("predicted", gatewayPairOf(d.Old.Predicted, d.New.Predicted))
	doc.set("observed", gatewayPairOf(d.Old.Observed, d.New.Observed))
	doc.set("pods", map[string]*int{
		"restart": d.pods(d.Restarts), "in_place": d.pods(d.InPlace), "more": d.pods(d.Come), "fewer": d.pods(d.Go)})
	doc.list("services", 1, rowsOf(d.Services, nil))
	doc.set("services_same", d.Same)
	doc.list("resources", 2, rowsOf(d.Resources, nil))
	doc.set("resources_same", d.SameResources)
	doc.set("untold", d.Untold)
	doc.list("warnings", 3, warningRows(d.Warnings))
	return doc.finish(0)
}

// Table is `sluice diff`.
func (d *Difference) Table(w io.Writer, colour bool) error {
	var b bytes.Buffer
	if d.ResourcesOnly {
		fmt.Fprintf(&b, "Resources  %d differ, %d do not\n", len(d.Resources), d.SameResources)
		if d.New.form == ofPatches {
			b.WriteString("Pods       those of each workload whose patch differs restart when it is applied\n")
		}
	} else {
		d.head(&b)
	}
	if len(d.Services) > 0 {
		b.WriteByte('\n')
		d.serviceTable(&b, colour)
	}
	if len(d.Resources) > 0 {
		b.WriteByte('\n')
		d.resourceTable(&b, colour)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// pods is a number of pods, nil where the documents do not tell of any.
func (d *Difference) pods(n int) *int {
	if !d.PodsTold {
		return nil
	}
	return &n
}

// head writes what changes as a whole.
func (d *Difference) head(b *bytes.Buffer) {
	t := d.totals()
	fmt.Fprintf(b, "Foreseen   %s; %s\n", fromTo(d.Old.Predicted.MeanMS, d.New.Predicted.MeanMS, "ms"), fromTo(d.Old.Predicted.Rate, d.New.Predicted.Rate, "requests/s"))
	fmt.Fprintf(b, "Observed   %s; %s\n", fromTo(d.Old.Observed.MeanMS, d.New.Observed.MeanMS, "ms"), fromTo(d.Old.Observed.Rate, d.New.Observed.Rate, "requests/s"))
	fmt.Fprintf(b, "CPU        %s\nMemory     %s\n", fromToFigure(t.CPU, 1, "cores"), fromToFigure(t.Memory, 1e6, "MB"))
	if d.PodsTold {
		fmt.Fprintf(b, "Pods       %d restart, %d resized in place", d.Restarts, d.InPlace)
		if d.Come+d.Go > 0 {
			fmt.Fprintf(b, ", %d more, %d fewer", d.Come, d.Go)
		}
		b.WriteByte('\n')
	} else {
		b.WriteString("Pods       neither document tells how many there are\n")
	}
	fmt.Fprintf(b, "Services   %d differ, %d do not; %s\n", len(d.Services), d.Same, count(len(d.Resources), "Istio resource")+" to change")
}

func (d *Difference) serviceTable(b *bytes.Buffer, colour bool) {
	t := newTable(colour, "SERVICE", "CHANGE", ">PODS", ">CORES", "", ">MEMORY", "", "HOW", "WHY")
	for _, c := range d.Services {
		how := "in place"
		switch {
		case c.Change != changed, c.OldCPU == c.NewCPU && c.OldMemory == c.NewMemory:
			how = "-"
		case c.Restart:
			how = "restart"
		}
		pods := "-"
		if c.Pods != nil {
			pods = strconv.Itoa(*c.Pods)
			if c.OldPods != nil && *c.OldPods != *c.Pods {
				pods = strconv.Itoa(*c.OldPods) + " → " + pods
			}
		}
		t.add(c.Service, c.Change, pods, c.OldCPU.String(), "→ "+c.NewCPU.String(),
			megabytes(float64(c.OldMemory)), "→ "+megabytes(float64(c.NewMemory)), how, c.Because)
	}
	t.print(b)
}

func (d *Difference) resourceTable(b *bytes.Buffer, colour bool) {
	t := newTable(colour, "RESOURCE", "CHANGE", "WHAT")
	for _, c := range d.Resources {
		name := c.Kind + " " + c.Namespace + "/" + c.Name
		t.add(name, c.Change, "")
		for _, f := range c.Fields {
			t.add("", "", f.String())
		}
		for _, h := range c.Added {
			t.add("", "", "+ "+h)
		}
		for _, h := range c.Removed {
			t.add("", "", "- "+h)
		}
	}
	t.print(b)
}

// fromTo is "12.3 → 10.1 ms (-18 %)", as far as it is known.
func fromTo(old, new *float64, unit string) string {
	f := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return number(*v)
	}
	s := f(old) + " → " + f(new) + " " + unit
	if old != nil && new != nil && *old > 0 {
		s += fmt.Sprintf(" (%+.0f %%)", 100*(*new / *old - 1))
	}
	return s
}

// fromToFigure is fromTo in another unit.
func fromToFigure(p pair, unit float64, name string) string {
	f := func(v *figure) *float64 {
		if v == nil {
			return nil
		}
		x := float64(*v) / unit
		return &x
	}
	return fromTo(f(p.Old), f(p.New), name)
}
