package optimize

import (
	"fmt"
	"math"
	"strings"

	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/accesslog"
)

// proof is what one log can prove about calls that are not made. That a request
// made a workload call nobody else is known only where the workload's own sidecar
// would have logged it: its callers' lines prove nothing.
//
// So a sidecar that logs what it receives proves as many requests as it logged
// from beginning to end, however its log was cut. Logs of outbound lines only (the
// contest's statement has such) say nothing of a workload that calls nobody: there
// its silence counts by the requests that its callers sent it, provided that the
// log accounts for itself: see silence. A sidecar's log that was cut to its head or
// tail still holds a line of what it sent; what silence could hide is a log that
// is missing whole.
type proof struct {
	// nothing is why no workload's requests prove anything, "" when they may.
	nothing string
	// oneSided is set where no sidecar logs what it receives.
	oneSided bool
	// loud is why silence proves nothing, "" when it does.
	loud string
}

func newProof(obs *Observation) *proof {
	p := &proof{oneSided: true, nothing: "no sidecar logs the calls that it sends"}
	for _, n := range services(obs.Graph) {
		for i := range n.Pods {
			if n.Pods[i].Outbound > 0 {
				p.nothing = ""
			}
			if n.Pods[i].Inbound > 0 {
				p.oneSided = false
			}
		}
	}
	if p.loud = "its sidecar logged nothing, those of others log what they receive"; p.oneSided {
		p.loud = silence(obs)
	}
	return p
}

// services are the nodes that have sidecars.
func services(g *graph.Graph) []*graph.Node {
	var out []*graph.Node
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.Kind == graph.Service && !n.Gateway {
			out = append(out, n)
		}
	}
	return out
}

// silence says why, in a log of outbound lines only, the log of a sidecar that is
// not there may have been lost; "" when nothing hints at it: the log was read to
// its end, every service of the request is seen to call or to be called (what only
// a lost caller calls would not be), and no pod is silent whose siblings speak.
func silence(obs *Observation) string {
	if len(obs.Log.Warnings) > 0 {
		return "its sidecar logged nothing, and the log was not read whole"
	}
	for _, s := range obs.Log.Skips {
		if s.Reason == accesslog.ReasonCutShort {
			return "its sidecar logged nothing, and the log has lines that are cut short"
		}
	}
	seen := make([]bool, len(obs.Graph.Nodes))
	for i := range obs.Graph.Edges {
		e := &obs.Graph.Edges[i]
		seen[e.From], seen[e.To] = true, true
	}
	for i := range obs.Graph.Nodes {
		n := &obs.Graph.Nodes[i]
		if n.Kind == graph.Service && !seen[i] {
			return fmt.Sprintf("its sidecar logged nothing, and nobody is seen to call %q: the log of a caller may be missing", clip(n.Name))
		}
		if p := lostSibling(n); p != "" {
			return fmt.Sprintf("its sidecar logged nothing, and neither did that of pod %q, whose siblings call others: logs may be missing", clip(p))
		}
	}
	return ""
}

// clip makes a name fit for a sentence.
func clip(s string) string {
	const most = 63
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// lostSibling is a pod that logged nothing though at least four calls were to be
// expected, by what the other pods of its template send for each call received:
// chance alone has that in under e⁻⁴, 2 % of all cases. "" when there is none.
func lostSibling(n *graph.Node) string {
	for _, pods := range templates(n.Pods) {
		sent, received := 0, 0
		for _, p := range pods {
			if p.Outbound > 0 {
				sent, received = sent+p.Outbound, received+p.Received
			}
		}
		for _, p := range pods {
			if p.Outbound == 0 && float64(p.Received)*float64(sent) >= 4*math.Max(float64(received), 1) {
				return p.Name
			}
		}
	}
	return ""
}

// templates groups pods (sorted by name) by their names less the last part, which
// is each pod's own: pods of one ReplicaSet or StatefulSet run the same program,
// those of two versions of a service need not.
func templates(pods []graph.PodTraffic) [][]graph.PodTraffic {
	var out [][]graph.PodTraffic
	last := ""
	for i, p := range pods {
		name := p.Name
		if at := strings.LastIndexByte(name, '-'); at > 0 {
			name = name[:at]
		}
		if i == 0 || name != last {
			out = append(out, nil)
		}
		last = name
		out[len(out)-1] = append(out[len(out)-1], p)
	}
	return out
}

// of is how many requests the pods of a workload prove, and why not more. A
// template that is called and silent may call anything: then they prove nothing.
func (p *proof) of(pods []graph.PodTraffic) (requests int, doubt string) {
	if p.nothing != "" {
		return 0, p.nothing
	}
	all := 0
	for _, t := range templates(pods) {
		logged, lines, received := 0, 0, 0
		for _, pod := range t {
			logged += pod.Logged
			lines += pod.Inbound + pod.Outbound
			all += pod.Inbound
			received += pod.Received
		}
		switch {
		case lines > 0 || received == 0:
			requests += logged
		case p.loud != "":
			return 0, p.loud
		default:
			requests += received
		}
	}
	if all > requests {
		doubt = fmt.Sprintf("its sidecars logged %d, of which by start_time and duration no more lie within what is there of their log", all)
	}
	return requests, doubt
}
