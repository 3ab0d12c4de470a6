package whatif

import (
	"context"
	"strings"
	"testing"
	"time"
)

// FuzzScript: whatever a script is, Run returns: with rows, or with a place and a
// reason. What takes much memory in one step is left out, as Run does not bound it.
func FuzzScript(f *testing.F) {
	for _, s := range []string{
		"row(mesh)", "row(mesh.budget(2), b=2)", "for x in span(1, 3, 1):\n  row(mesh.scale(x), x=x)",
		"mesh.calls('ratings', 'reviews', count=2, parallel=True).predict().given",
		"print(mesh.helps(2)[0].change)", "def f(x): return f\nf(1)(2)", "((((", "'''", "\\", "x = r'\\'\n(", "\"\\\n", "b'''\\'''", "#(\n)", "\x00",
		"mesh.allocate({'reviews': 0.2}).first()", "mesh.reroute('productpage', 'reviews', 'details', share=0.5)", "row(mesh, **{'a b': 1})",
		"mesh.entry('reviews', x=2).cost('details', 0.5).work('ratings', ms=0).in_force().planned().apply()",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		if len(script) > 2000 || strings.ContainsAny(script, "*+") || strings.Contains(script, "range") || strings.Contains(script, "replace") || strings.Contains(script, "<<") {
			t.Skip()
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		res, err := Run(ctx, demoMesh(), "t.star", script, Bounds{Steps: 2000, Time: 5 * time.Second})
		if err != nil {
			if e, ok := err.(*ScriptError); !ok || e.What == "" || e.Line < 1 && e.Line != 0 {
				t.Fatalf("%q: %#v", script, err)
			}
			return
		}
		for _, form := range []func() ([]byte, error){res.JSON, res.CSV} {
			if _, err := form(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
