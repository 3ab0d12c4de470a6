package sluice_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path that our own imports begin with.
const module = "github.com/sluice-mesh/sluice/"

// own says which of our packages each of our packages may import, and why not
// more (docs/adr/0001). A package that is not listed here fails the test: a new
// room is a decision.
var own = map[string]struct {
	may []string
	why string
}{
	"graph":              {nil, "the model is what all others share: it can know none of them"},
	"critical":           {[]string{"graph"}, "the analysis takes a graph and knows no budget"},
	"budget":             {[]string{"graph", "critical"}, "the pour must run on plain numbers, in a test or another tool"},
	"crgen":              {[]string{"graph", "budget"}, "resources follow from what was seen, not from how it was read"},
	"internal/mishap":    {nil, "a panic can happen anywhere: all may lean on it, so it leans on nothing"},
	"internal/decode":    {nil, "it stands before one foreign decoder and has nothing to do with meshes"},
	"internal/accesslog": {[]string{"graph", "internal/decode", "internal/mishap"}, "bytes become records here, and nothing else"},
	"internal/request":   {nil, "a body is decoded before anyone knows what is done with it"},
	"internal/demo":      {[]string{"internal/request", "internal/accesslog"}, "the demo is an input like any other"},
	"internal/optimize": {[]string{"graph", "critical", "budget", "crgen", "internal/accesslog", "internal/mishap", "internal/request"},
		"the one composition: it knows the stages and no form that a result is printed in"},
	"internal/draw": {nil, "a picture is shapes and words: it knows no mesh of ours"},
	"internal/report": {[]string{"graph", "critical", "budget", "crgen", "internal/accesslog", "internal/request", "internal/optimize", "internal/draw"},
		"it prints what was decided and knows neither HTTP nor flags"},
	"internal/whatif": {[]string{"budget", "internal/mishap", "internal/optimize", "internal/draw"},
		"it asks the one composition and prints rows: what is asked over HTTP and by flags is the same"},
	"internal/rounds": {[]string{"internal/optimize", "internal/request", "internal/report"},
		"what is remembered must not depend on who asked"},
	"internal/api": {[]string{"budget", "internal/accesslog", "internal/mishap", "internal/optimize", "internal/request", "internal/report", "internal/rounds", "internal/demo", "internal/draw", "internal/whatif"},
		"api and cli see optimize and nothing deeper, so that a number seen in one is the number in all (budget: its typed error)"},
	"internal/cli": {[]string{"budget", "internal/accesslog", "internal/collect", "internal/mishap", "internal/optimize", "internal/request", "internal/report", "internal/rounds", "internal/demo", "internal/api", "internal/draw", "internal/whatif"},
		"api and cli see optimize and nothing deeper, so that a number seen in one is the number in all (budget: its typed error)"},
	"internal/collect":  {[]string{"internal/request"}, "what is collected is a request, and is read again as one: it knows nothing of what is done with it"},
	"internal/lab/grid": {[]string{"internal/draw"}, "it measures a built server from outside, as a harness does"},
	"internal/envoylab": {nil, "it is all tests: nothing can lean on the lab"},
	"cmd/sluice":        {[]string{"internal/cli"}, "main is signals and the exit status"},
	"docs/bench/peers":  {[]string{"graph", "internal/accesslog"}, "it measures the reader beside its peers, and is nobody's part"},
}

// homes says in which of our packages alone an import may stand, and why. A
// pattern ends in /… where it means all below it too.
var homes = []struct {
	imports string
	in      []string
	why     string
}{
	{"github.com/goccy/go-json/…", []string{"internal/decode", "docs/bench/peers"}, "some of its releases panic on cut lines: one function guards it"},
	{"github.com/dominikbraun/graph/…", []string{"graph"}, "its weights are ints, its orders unstable: the model hides both"},
	{"github.com/gorilla/mux/…", []string{"internal/api"}, "routes are the API's"},
	{"github.com/sirupsen/logrus/…", []string{"internal/api", "internal/cli", "cmd/sluice"}, "libraries return errors and warnings and do not log"},
	{"github.com/prometheus/…", []string{"internal/api", "internal/collect"}, "metrics are the server's, and its own API is the collector's"},
	{"k8s.io/…", []string{"internal/collect"}, "a live cluster is reached in one place"},
	{"github.com/spf13/…", []string{"internal/cli"}, "flags are read once, in the commands"},
	{"istio.io/api/…", []string{"crgen"}, "Istio's types stay where Istio's rules are"},
	{"google.golang.org/protobuf/…", []string{"crgen"}, "it comes with Istio's types"},
	{"github.com/google/renameio/…", []string{"internal/rounds", "internal/cli"}, "what is written to disk is there whole or not at all"},
	{"github.com/klauspost/compress/…", []string{"internal/accesslog", "internal/demo"}, "logs are what comes compressed"},
	{"github.com/tidwall/jsonc/…", nil, "it wants a body whole in memory: it is the oracle of internal/request's tests alone"},
	{"golang.org/x/image/…", []string{"internal/draw"}, "pixels and fonts are for pictures"},
	{"net/http/…", []string{"internal/api", "internal/cli", "internal/collect", "internal/lab/grid"}, "no other package speaks to a network"},
	{"go.starlark.net/…", []string{"internal/whatif"}, "strangers' scripts are bounded in one place"},
	{"log/…", []string{"internal/api"}, "there is one logger, and it is not this one: net/http, which takes no other, gets one that hands on to it"},
	{"math/rand/…", []string{"internal/lab/grid"}, "same input, same bytes out; the grid draws its cells by a seed that is written"},
	{"encoding/gob/…", nil, "state is JSON, which people and later versions can read"},
}

// pure packages do no I/O and read no clock.
var pure = []string{"graph", "critical", "budget", "crgen"}

// impure is what pure packages may not import…
var impure = []string{"os/…", "io/fs", "io/ioutil", "net", "net/http/…", "log/…", "syscall", "crypto/rand", "runtime/debug", "golang.org/x/sys/…", "golang.org/x/term"}

// …and may not call.
var impureCalls = map[string][]string{
	"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
	"fmt":  {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
}

// source is one file of ours that is no test.
type source struct {
	pkg, name string
	syntax    *ast.File
	set       *token.FileSet
}

func TestImportRule(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range sources(t) {
		seen[f.pkg] = true
		rule, listed := own[f.pkg]
		if !listed {
			t.Errorf("%s: package %s is in no rule: say in imports_test.go what it may import, and why", f.name, f.pkg)
			continue
		}
		for _, imp := range f.imports() {
			if ours, ok := strings.CutPrefix(imp, module); ok && !slices.Contains(rule.may, ours) {
				t.Errorf("%s imports %s: %s", f.name, ours, rule.why)
			}
			for _, h := range homes {
				if matches(h.imports, imp) && !slices.Contains(h.in, f.pkg) {
					t.Errorf("%s imports %s, which only %v may: %s", f.name, imp, h.in, h.why)
				}
			}
		}
	}
	for pkg := range own {
		if !seen[pkg] {
			t.Errorf("imports_test.go has a rule for %s, which is not there", pkg)
		}
	}
}

func TestPurePackages(t *testing.T) {
	const why = "graph, critical, budget and crgen are pure: same input, same bytes out"
	for _, f := range sources(t) {
		if !slices.Contains(pure, f.pkg) {
			continue
		}
		for _, imp := range f.imports() {
			if slices.ContainsFunc(impure, func(p string) bool { return matches(p, imp) }) {
				t.Errorf("%s imports %s: %s", f.name, imp, why)
			}
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if call := f.impureCall(n); call != "" {
				t.Errorf("%s calls %s: %s", f.set.Position(n.Pos()), call, why)
			}
			return true
		})
	}
}

// impureCall names the banned function that n selects, "" for none.
func (f *source) impureCall(n ast.Node) string {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	pkg, ok := sel.X.(*ast.Ident)
	if !ok || !slices.Contains(impureCalls[pkg.Name], sel.Sel.Name) {
		return ""
	}
	return pkg.Name + "." + sel.Sel.Name
}

// TestNoSampleInCode: nothing may be tailored to the meshes we test with, so their
// names stand in no string of the code.
func TestNoSampleInCode(t *testing.T) {
	for _, f := range sources(t) {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			for _, name := range []string{"productpage", "ratings", "bookinfo", "172.16.176."} {
				if strings.Contains(lit.Value, name) {
					t.Errorf("%s: %s names a thing of the sample's", f.set.Position(n.Pos()), lit.Value)
				}
			}
			return true
		})
	}
}

func TestMatches(t *testing.T) {
	f := func(pattern, imp string, want bool) {
		t.Helper()
		if got := matches(pattern, imp); got != want {
			t.Errorf("matches(%q, %q) = %v", pattern, imp, got)
		}
	}
	f("os/…", "os", true)
	f("os/…", "os/signal", true)
	f("os/…", "ossify", false)
	f("io/fs", "io/fs", true)
	f("io/fs", "io", false)
}

// matches tells whether imp is what pattern names.
func matches(pattern, imp string) bool {
	below, ok := strings.CutSuffix(pattern, "/…")
	return imp == below || ok && strings.HasPrefix(imp, below+"/")
}

// imports is the paths that f imports.
func (f *source) imports() []string {
	var paths []string
	for _, i := range f.syntax.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			panic(err) // the parser has checked it
		}
		paths = append(paths, p)
	}
	return paths
}

// sources parses every file of ours that is no test.
func sources(t *testing.T) []*source {
	t.Helper()
	var all []*source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, &source{pkg: path.Dir(filepath.ToSlash(name)), name: name, syntax: syntax, set: set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d files were found: is this the project's root?", len(all))
	}
	return all
}
