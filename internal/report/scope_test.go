package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// scoped is a report with evidence: a workload that is narrowed, two that share
// its pods, and one that is not.
func scoped() *optimize.Report {
	r := blank()
	scopes := []crgen.Evidence{
		{Namespace: "shop", Service: "cart", Merged: []string{"cart-admin"}, Requests: 812, Narrowed: true, Because: "calls 1 host", Hosts: []crgen.HostEvidence{
			{Host: "pay.shop", Entries: []string{"shop/pay.shop.svc.cluster.local"}, Calls: 9, LastRound: 3, LastSeen: "2026-01-02T03:04:05Z", Kept: true, Because: "called 9 times"},
			{Host: "", Calls: 1, Because: "the log does not name what was called"},
		}},
		{Namespace: "shop", Service: "pay", Requests: 7, Because: "seen in 7 requests, 50 are needed", Hosts: []crgen.HostEvidence{}},
	}
	r.Explain = func() []crgen.Evidence { return scopes }
	return r
}

func TestScopes(t *testing.T) {
	text, err := Scopes(scoped())
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Scopes []crgen.Evidence }
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Scopes) != 2 || got.Scopes[0].Hosts[0].Calls != 9 || got.Scopes[0].Hosts[0].LastSeen == "" || got.Scopes[1].Narrowed {
		t.Errorf("%s", text)
	}
	if bytes.Contains(text, []byte("null")) {
		t.Errorf("a list is null:\n%s", text)
	}
}

func TestScopesTable(t *testing.T) {
	var b bytes.Buffer
	if err := ScopesTable(&b, scoped(), false); err != nil {
		t.Fatal(err)
	}
	f := func(line int, want ...string) {
		t.Helper()
		got := strings.Split(b.String(), "\n")[line]
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("line %d is %q, want %q in it", line, got, w)
			}
		}
	}
	f(1, "shop/cart+cart-admin", "812", "narrowed: calls 1 host")
	f(2, "pay.shop", "9", "2026-01-02T03:04:05Z", "called 9 times")
	f(3, "- ", "the log does not name")
	f(4, "shop/pay", "not narrowed: seen in 7")
}

// TestScopesOfABigPlanGoBriefly: where there is too much, the hosts go before the
// verdicts.
func TestScopesOfABigPlanGoBriefly(t *testing.T) {
	r := scoped()
	scopes := r.Scopes()
	for range 300 {
		scopes[0].Hosts = append(scopes[0].Hosts, scopes[0].Hosts[0])
	}
	text, err := PlanWithin(r, 1, 8000)
	if err != nil || len(text) > 8000 {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	if !bytes.Contains(text, []byte(`"service":"cart"`)) || bytes.Contains(text, []byte("called 9 times")) {
		t.Errorf("want the verdicts without the hosts:\n%s", text)
	}
}

func TestHoldout(t *testing.T) {
	held := []optimize.HeldOut{
		{Namespace: "a", Service: "x", Narrowed: true, Learned: 100, Later: 100, Cut: 1, Missing: []string{"rare.example"}},
		{Namespace: "a", Service: "y", Learned: 3, Later: 4},
	}
	text, err := Holdout(held, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"later_requests": 104`, `"cut_requests": 1`, `"cut_share": 0.00961538`, `"missing_hosts":["rare.example"]`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	var b bytes.Buffer
	if err := HoldoutTable(&b, held, 0.5, false); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.String(), "Scopes made of the first 50% of each proxy's requests would have cut 1 of the 104 later ones (0.96%).") {
		t.Errorf("%s", b.String())
	}
	if nobody, err := Holdout(nil, 0.5); err != nil || !strings.Contains(string(nobody), `"cut_share": 0`) {
		t.Errorf("%s %v", nobody, err)
	}
}
