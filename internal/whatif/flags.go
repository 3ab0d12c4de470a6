package whatif

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Flags are the common questions, without a script: those of lists are asked in all
// combinations, the others change the mesh for all of them. Texts are as people give
// them on a command line.
type Flags struct {
	// Budgets, Loads, Rates and Clients are lists such as "1:8:0.5", "x2" or "2,4".
	Budgets, Loads, Rates, Clients string
	// Replicas, Works, Costs, Limits and Entries are SERVICE=VALUE.
	Replicas, Works, Costs, Limits, Entries []string
	// Fails names pods or services.
	Fails []string
	// Keep predicts the plan of the unchanged mesh instead of planning anew.
	Keep bool
	// MeanMS and P99MS ask for the cheapest budget that keeps them; Helps for so many
	// changes that help most.
	MeanMS, P99MS float64
	Helps         int
}

// Empty tells that nothing was asked.
func (f *Flags) Empty() bool {
	return f.Budgets+f.Loads+f.Rates+f.Clients == "" && !f.Keep && f.MeanMS == 0 && f.P99MS == 0 && f.Helps == 0 &&
		len(f.Replicas)+len(f.Works)+len(f.Costs)+len(f.Limits)+len(f.Entries)+len(f.Fails) == 0
}

// check refuses what comes to no question.
func (f *Flags) check() error {
	switch {
	case !(f.MeanMS >= 0):
		return fmt.Errorf("--mean %v: want a number of ms over 0", f.MeanMS)
	case !(f.P99MS >= 0):
		return fmt.Errorf("--p99 %v: want a number of ms over 0", f.P99MS)
	case f.Helps < 0:
		return fmt.Errorf("--helps %d: want how many changes, 1 or more", f.Helps)
	case f.Helps > 0 && f.MeanMS+f.P99MS > 0:
		return errors.New("--helps beside --mean or --p99: these are two questions, ask one of them")
	}
	return nil
}

// Script is the script that asks the same; errors say which flag is wrong, and how.
func (f *Flags) Script() (string, error) {
	if err := f.check(); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("m = mesh\n")
	if f.Keep {
		b.WriteString("m = m.apply()\n")
	}
	if err := f.changes(&b); err != nil {
		return "", err
	}
	indent, err := f.loops(&b)
	if err != nil {
		return "", err
	}
	f.questions(&b, indent)
	return b.String(), nil
}

// changes writes what changes the mesh for all questions.
func (f *Flags) changes(b *strings.Builder) error {
	for _, set := range []struct {
		flag, verb, amount, scale string
		values                    []string
	}{
		{"replicas", "replicas", "%v", "", f.Replicas},
		{"work", "work", "ms=%v", "x=%v", f.Works},
		{"cost", "cost", "%v", "%v", f.Costs},
		{"entry", "entry", "share=%v", "x=%v", f.Entries},
		{"limit", "limit", "%v", "", f.Limits},
	} {
		for _, v := range set.values {
			at := strings.LastIndexByte(v, '=')
			if at <= 0 {
				return fmt.Errorf("--%s %q: want SERVICE=VALUE", set.flag, v)
			}
			form, text := set.amount, v[at+1:]
			if rest, ok := strings.CutPrefix(text, "x"); ok && set.scale != "" {
				form, text = set.scale, rest
			}
			x, err := strconv.ParseFloat(text, 64)
			if err != nil || set.flag == "replicas" && x != float64(int(x)) {
				return fmt.Errorf("--%s %q: found %q, want a number after SERVICE=", set.flag, v, text)
			}
			fmt.Fprintf(b, "m = m.%s(%s, %s)\n", set.verb, quote(v[:at]), fmt.Sprintf(form, x))
		}
	}
	for _, name := range f.Fails {
		fmt.Fprintf(b, "m = m.fail(%s)\n", quote(name))
	}
	return nil
}

// quote is text as Starlark has it.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, "\\x%02x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// loops writes a loop for each list.
func (f *Flags) loops(b *strings.Builder) (indent string, err error) {
	for _, l := range []struct{ flag, text, name, verb string }{
		{"load", f.Loads, "times", "scale"},
		{"rate", f.Rates, "rate", "open"},
		{"clients", f.Clients, "clients", "closed"},
		{"budget", f.Budgets, "budget", "budget"},
	} {
		if l.text == "" {
			continue
		}
		list, err := numbers(l.flag, l.text)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(b, "%sfor %s in %s:\n", indent, l.name, list)
		indent += "    "
		if l.verb == "budget" {
			fmt.Fprintf(b, "%sif budget < m.floor:\n%s    print(\"left out: %%s cores do not hold the floors, which need %%s\" %% (budget, m.floor))\n%s    continue\n", indent, indent, indent)
		}
		// A name of each loop's own: none changes what the next starts from.
		fmt.Fprintf(b, "%sw%s = %s.%s(%s)\n", indent, tail(indent), previous(indent), l.verb, l.name)
	}
	return indent, nil
}

func tail(indent string) string { return strconv.Itoa(len(indent) / 4) }

func previous(indent string) string {
	if n := len(indent) / 4; n > 1 {
		return "w" + strconv.Itoa(n-1)
	}
	return "m"
}

// numbers is a list as Starlark has it: FROM:TO:STEP, or numbers with commas between.
// Each may have an x before it.
func numbers(flag, text string) (string, error) {
	parts := strings.Split(text, ":")
	sep := ", "
	if len(parts) == 1 {
		parts = strings.Split(text, ",")
	} else if len(parts) != 3 {
		return "", fmt.Errorf("--%s %q: want FROM:TO:STEP, or numbers with commas between", flag, text)
	}
	var xs []float64
	var out []string
	for _, p := range parts {
		x, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(p), "x"), 64)
		if err != nil {
			return "", fmt.Errorf("--%s %q: found %q, want FROM:TO:STEP, or numbers with commas between", flag, text, p)
		}
		if step := len(xs) == 2 && strings.Contains(text, ":"); !step && !(x > 0) {
			return "", fmt.Errorf("--%s %q: found %v, want numbers over 0", flag, text, x)
		}
		xs = append(xs, x)
		out = append(out, strconv.FormatFloat(x, 'f', -1, 64))
	}
	if !strings.Contains(text, ":") {
		return "[" + strings.Join(out, sep) + "]", nil
	}
	if _, err := Span(xs[0], xs[1], xs[2]); err != nil {
		return "", fmt.Errorf("--%s %q: %w", flag, text, err)
	}
	return "span(" + strings.Join(out, sep) + ")", nil
}

// questions writes what is asked of each mesh.
func (f *Flags) questions(b *strings.Builder, indent string) {
	m := "m"
	if n := len(indent) / 4; n > 0 {
		m = "w" + strconv.Itoa(n)
	}
	var columns strings.Builder
	for _, c := range []struct{ text, column, name string }{{f.Loads, "times", "times"}, {f.Rates, "rate", "rate"}, {f.Clients, "clients", "clients"}} {
		if c.text != "" {
			fmt.Fprintf(&columns, ", %s=%s", c.column, c.name)
		}
	}
	var target []string
	if f.MeanMS > 0 {
		target = append(target, fmt.Sprintf("mean_ms=%v", f.MeanMS))
	}
	if f.P99MS > 0 {
		target = append(target, fmt.Sprintf("p99_ms=%v", f.P99MS))
	}
	switch {
	case len(target) > 0:
		of := strings.Join(target, ", ")
		fmt.Fprintf(b, "%sc = %s.cheapest(%s)\n%sif c == None:\n%s    print(\"no budget keeps %s\")\n%selse:\n%s    row(%s.planned().budget(c)%s)\n",
			indent, m, of, indent, indent, of, indent, indent, m, &columns)
	case f.Helps > 0:
		fmt.Fprintf(b, "%srow(%s, name=\"as it is\", saves_ms=0%s)\n%sfor h in %s.helps(%d):\n%s    row(h, name=h.change, saves_ms=h.saves_ms%s)\n",
			indent, m, &columns, indent, m, f.Helps, indent, &columns)
	default:
		fmt.Fprintf(b, "%srow(%s%s)\n", indent, m, &columns)
	}
}
