package whatif

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
)

// nearest is the word that name is most likely a slip of, "" for none: at most a
// third of its letters are wrong, missing, too many or swapped with a neighbour.
func nearest(name string, words []string) string {
	if len(name) > 64 {
		return ""
	}
	best, least := "", len(name)/3+1
	for i, w := range words {
		if i == 5000 {
			break // a suggestion is not worth more
		}
		if d := len(w) - len(name); d > least || -d > least {
			continue
		}
		if d := distance(name, w); d < least || d == least && best == "" && d <= len(name)/3 {
			best, least = w, d
		}
	}
	return best
}

// meant is the word that name is the beginning of, the first of the shortest, or
// nearest: people shorten words as often as they misspell them.
func meant(name string, words []string) string {
	best := ""
	for _, w := range words {
		if len(name) > 1 && strings.HasPrefix(w, name) && (best == "" || len(w) < len(best)) {
			best = w
		}
	}
	if best != "" {
		return best
	}
	return nearest(name, words)
}

// noField is the error of a value that has no such field.
func noField(kind, name string, fields []string) error {
	hint := ""
	if s := meant(name, fields); s != "" {
		hint = fmt.Sprintf(" (did you mean .%s?)", s)
	}
	return fmt.Errorf("%s has no .%s field or method%s", kind, cut(name, 80), hint)
}

// undefined adds to what the language says of a name that it does not know what may
// have been meant: a mesh's verb, which wants one before it, or a word of the script.
func undefined(msg string) string {
	name, ok := strings.CutPrefix(msg, "undefined: ")
	if !ok {
		return msg
	}
	name, _, hinted := strings.Cut(name, " (did you mean")
	said := "undefined: " + name
	if v := verbNamed[name]; v != nil {
		return fmt.Sprintf("%s (did you mean mesh.%s(%s)?)", said, v.name, v.usage)
	}
	if slices.Contains(meshFields, name) {
		return fmt.Sprintf("%s (did you mean mesh.%s?)", said, name)
	}
	if hinted {
		return msg
	}
	words := append([]string{"mesh", "row", "span"}, starlark.Universe.Keys()...)
	if s := nearest(name, words); s != "" {
		return fmt.Sprintf("%s (did you mean %s?)", said, s)
	}
	if s := nearest(name, verbNames); s != "" {
		return fmt.Sprintf("%s (did you mean mesh.%s(%s)?)", said, s, verbNamed[s].usage)
	}
	return msg
}

// keyword explains a word of the language's own that stands where a verb or a field is
// wanted, at the place to which the parser points: behind it.
func keyword(script string, line, column int) (what string, at int) {
	lines := strings.Split(script, "\n")
	if line < 1 || line > len(lines) {
		return "", 0
	}
	before := []rune(lines[line-1])
	before = before[:min(max(0, column-1), len(before))]
	text := strings.TrimRight(string(before), " ")
	dot := strings.LastIndexByte(text, '.')
	word := strings.TrimSpace(text[dot+1:])
	if dot < 0 || word == "" || strings.ContainsFunc(word, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return "", 0
	}
	what = fmt.Sprintf("%q is a word of the language and cannot stand after a dot", word)
	if word == "load" {
		what += fmt.Sprintf(" (did you mean .scale(x)? it is %s)", verbNamed["scale"].help)
	}
	return what, len([]rune(text)) - len([]rune(word)) + 1
}

// distance is the optimal string alignment distance of two short words.
func distance(a, b string) int {
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		now[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(last[j]+cost, last[j+1]+1, now[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}

// cut shortens what is quoted.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
