package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// scopeRows are the evidence behind the scopes; briefly, without the hosts.
func scopeRows(scopes []crgen.Evidence) rows {
	return rows{
		n:    len(scopes),
		full: func(i int) any { return scopes[i] },
		brief: func(i int) any {
			s := scopes[i]
			s.Hosts = nil
			return s
		},
		weight: func(i int) float64 { return float64(scopes[i].Requests) },
	}
}

// Scopes is `sluice crs --explain -o json`: each workload with the requests that
// its scope rests on and, for each host, how often and when it was called.
func Scopes(r *optimize.Report) ([]byte, error) {
	var d document
	d.list("scopes", 1, scopeRows(r.Scopes()))
	return d.finish(0)
}

// ScopesTable writes the same for people: a row for each workload, and below it
// one for each host.
func ScopesTable(w io.Writer, r *optimize.Report, colour bool) error {
	var b bytes.Buffer
	t := newTable(colour, "WORKLOAD", ">REQUESTS", "HOST", ">CALLS", "LAST", "WHY")
	for _, s := range r.Scopes() {
		verdict := "not narrowed: "
		if s.Narrowed {
			verdict = "narrowed: "
		}
		t.add(s.Namespace+"/"+strings.Join(append([]string{s.Service}, s.Merged...), "+"),
			strconv.Itoa(s.Requests), "", "", "", verdict+s.Because)
		for _, h := range s.Hosts {
			t.add("", "", cmp.Or(h.Host, "-"), strconv.Itoa(h.Calls), cmp.Or(h.LastSeen, "-"), h.Because)
		}
	}
	t.print(&b)
	_, err := w.Write(b.Bytes())
	return err
}

// heldRow is one workload of a holdout.
type heldRow struct {
	Namespace string   `json:"namespace"`
	Service   string   `json:"service"`
	Narrowed  bool     `json:"narrowed"`
	Learned   int      `json:"learned_requests"`
	Later     int      `json:"later_requests"`
	Cut       int      `json:"cut_requests"`
	Share     figure   `json:"cut_share"`
	Missing   []string `json:"missing_hosts,omitempty"`
}

// sumOf adds the workloads of a holdout up.
func sumOf(held []optimize.HeldOut) (sum optimize.HeldOut) {
	for _, h := range held {
		sum.Learned, sum.Later, sum.Cut = sum.Learned+h.Learned, sum.Later+h.Later, sum.Cut+h.Cut
	}
	return sum
}

// Holdout is `sluice crs --holdout F -o json`: of the requests after the first
// fraction, how many scopes made of those before would have cut.
func Holdout(held []optimize.HeldOut, fraction float64) ([]byte, error) {
	sum := sumOf(held)
	rows := make([]heldRow, len(held))
	for i, h := range held {
		rows[i] = heldRow{h.Namespace, h.Service, h.Narrowed, h.Learned, h.Later, h.Cut, figure(h.Share()), h.Missing}
	}
	var d document
	d.set("fraction", figure(fraction))
	d.set("later_requests", sum.Later)
	d.set("cut_requests", sum.Cut)
	d.set("cut_share", figure(sum.Share()))
	d.list("workloads", 1, rowsOf(rows, nil))
	return d.finish(0)
}

// HoldoutTable writes the same for people.
func HoldoutTable(w io.Writer, held []optimize.HeldOut, fraction float64, colour bool) error {
	var b bytes.Buffer
	sum := sumOf(held)
	fmt.Fprintf(&b, "Scopes made of the first %s of each proxy's requests would have cut %d of the %d later ones (%s).\n\n",
		percent(fraction), sum.Cut, sum.Later, share(sum))
	t := newTable(colour, "WORKLOAD", "NARROWED", ">LEARNED", ">LATER", ">CUT", ">SHARE", "MISSING")
	for _, h := range held {
		narrowed := "no"
		if h.Narrowed {
			narrowed = "yes"
		}
		t.add(h.Namespace+"/"+h.Service, narrowed, strconv.Itoa(h.Learned), strconv.Itoa(h.Later), strconv.Itoa(h.Cut), share(h), strings.Join(h.Missing, " "))
	}
	t.print(&b)
	_, err := w.Write(b.Bytes())
	return err
}

// share is percent with two digits behind the point: false prunes are rare.
func share(h optimize.HeldOut) string { return fmt.Sprintf("%.2f%%", 100*h.Share()) }
