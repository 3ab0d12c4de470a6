package whatif

import "fmt"

// maxNesting is how deep brackets, and the indents of blocks, may nest: parsers
// recurse, and a stack that is used up ends the process.
const maxNesting = 100

// maxChain is how many words and signs may stand before one operand, such as
// `not not not x` or `- - - x`, and how many operators one line may hold: these nest
// too.
const maxChain = 1000

// guard refuses what the parser should not be tried with.
func guard(name, script string) error {
	if len(script) > MaxScript {
		return &ScriptError{File: name, Line: 1, Column: 1, What: fmt.Sprintf("the script has %d bytes, more than the %d that are read", len(script), MaxScript)}
	}
	s := scanner{name: name, text: script, line: 1, column: 1}
	return s.scan()
}

// scanner walks a script, outside of strings and comments.
type scanner struct {
	name, text   string
	at           int
	line, column int
	depth, chain int
	indent       int
	fresh        bool // nothing but blanks on this line yet
}

func (s *scanner) fail(what string) error {
	return &ScriptError{File: s.name, Line: s.line, Column: s.column, What: what}
}

// next steps over a byte.
func (s *scanner) next() {
	if s.text[s.at] == '\n' {
		s.line, s.column = s.line+1, 0
	}
	s.at++
	s.column++
}

func (s *scanner) scan() error {
	s.fresh = true
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case c == 0:
			return s.fail("found a zero byte, expected text")
		case c == '#':
			for s.at < len(s.text) && s.text[s.at] != '\n' {
				s.next()
			}
			continue
		case c == '"' || c == '\'':
			s.quoted(c)
			s.fresh = false
			continue
		}
		if err := s.count(c); err != nil {
			return err
		}
		s.next()
	}
	return nil
}

// count follows brackets, indents and the length of expressions.
func (s *scanner) count(c byte) error {
	switch c {
	case '(', '[', '{':
		if s.depth++; s.depth > maxNesting {
			return s.fail(fmt.Sprintf("brackets nest deeper than %d: name parts of it", maxNesting))
		}
	case ')', ']', '}':
		s.depth = max(0, s.depth-1)
	case '\n':
		s.fresh, s.indent = true, 0
		if s.depth == 0 {
			s.chain = 0
		}
		return nil
	case ' ', '\t':
		if s.fresh && s.depth == 0 {
			if s.indent++; s.indent > 8*maxNesting {
				return s.fail("the line is indented too far")
			}
			return nil
		}
	case ',':
		s.chain = 0
	}
	// Words, signs and operators end in a blank or are one; letters within a word
	// do not count.
	if !word(c) || s.at > 0 && !word(s.text[s.at-1]) {
		if c != ',' {
			s.chain++
		}
		if s.chain > maxChain {
			return s.fail(fmt.Sprintf("one expression has more than %d parts: name parts of it", maxChain))
		}
	}
	s.fresh = false
	return nil
}

func word(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// quoted steps over a string, which may be open at the end: the parser says so.
func (s *scanner) quoted(q byte) {
	long := s.at+2 < len(s.text) && s.text[s.at+1] == q && s.text[s.at+2] == q
	n := 1
	if long {
		n = 3
	}
	for range n {
		s.next()
	}
	for run := 0; s.at < len(s.text); {
		switch c := s.text[s.at]; {
		case c == '\\' && s.at+1 < len(s.text):
			s.next()
			run = 0
		case c == '\n' && !long:
			return
		case c == q:
			run++
			if run == n {
				s.next()
				return
			}
		default:
			run = 0
		}
		s.next()
	}
}
