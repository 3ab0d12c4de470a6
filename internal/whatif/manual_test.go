package whatif

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestManual runs every recipe of the manual, and checks that each verb is in one of
// them or in the help.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("../../docs/whatif.md")
	if err != nil {
		t.Fatal(err)
	}
	recipes := regexp.MustCompile("(?s)### ([^\n]+)\n\n```python\n(.*?)```").FindAllSubmatch(text, -1)
	if len(recipes) != 10 {
		t.Fatalf("%d recipes, want ten", len(recipes))
	}
	for _, r := range recipes {
		t.Run(string(r[1]), func(t *testing.T) {
			res, err := Run(context.Background(), demoMesh(), "recipe.star", string(r[2]), Bounds{})
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Rows) == 0 {
				t.Error("it came to no row")
			}
			for _, row := range res.Rows {
				if row.Get("mean_ms") == nil || row.Get("requests_per_second") == nil {
					t.Errorf("a row without a prediction: %v", row)
				}
			}
		})
	}
}

// TestHelp: every verb, its usage and its help are there.
func TestHelp(t *testing.T) {
	help := Help()
	for _, v := range verbs {
		if v.help == "" || !strings.Contains(help, "mesh."+v.name+"("+v.usage+")") {
			t.Errorf("help lacks %s", v.name)
		}
	}
}

// TestFlagsAreScripts: what flags come to runs, and says what is wrong with them.
func TestFlagsAreScripts(t *testing.T) {
	for _, f := range []Flags{
		{}, {Budgets: "1:3:1", Loads: "x2,x3", Replicas: []string{"reviews=5"}}, {Clients: "8", Keep: true},
		{Rates: "100", Works: []string{"reviews=x0.5", "details=3"}, Costs: []string{"ratings=x2"}},
		{Limits: []string{"reviews=0.3"}, Fails: []string{"reviews"}}, {MeanMS: 1000}, {MeanMS: 0.001}, {P99MS: 1e6, Loads: "2"}, {Helps: 3},
		{Entries: []string{"productpage=1"}},
	} {
		script, err := f.Script()
		if err != nil {
			t.Errorf("%+v: %v", f, err)
			continue
		}
		res, err := Run(context.Background(), demoMesh(), "flags", script, Bounds{})
		if err != nil {
			t.Errorf("%+v: %v\n%s", f, err, script)
		} else if len(res.Rows) == 0 && f.MeanMS != 0.001 {
			t.Errorf("%+v: no rows\n%s", f, script)
		}
	}
	for want, f := range map[string]Flags{
		`--budget "1:2": want FROM:TO:STEP`:     {Budgets: "1:2"},
		`--budget "a": found "a"`:               {Budgets: "a"},
		`--budget "-1": found -1, want numbers`: {Budgets: "-1"},
		`--load "1:0:-1": found 0, want`:        {Loads: "1:0:-1"},
		`--clients "NaN": found NaN, want`:      {Clients: "NaN"},
		`--helps -3: want how many`:             {Helps: -3},
		`--mean -3: want a number of ms over 0`: {MeanMS: -3},
		`these are two questions`:               {Helps: 3, P99MS: 100},
		`--load "1:2:0": span: found 1 to 2`:    {Loads: "1:2:0"},
		`--replicas "reviews": want SERVICE=`:   {Replicas: []string{"reviews"}},
		`--replicas "reviews=1.5": found "1.5"`: {Replicas: []string{"reviews=1.5"}},
		`--work "a=b": found "b"`:               {Works: []string{"a=b"}},
	} {
		if _, err := f.Script(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if got := quote("a\"b\\c\n"); got != `"a\"b\\c\x0a"` {
		t.Errorf("quote: %s", got)
	}
}
