package crgen

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Longest names that Kubernetes (labels) and Istio (domains) accept.
const (
	maxLabel  = 63
	maxDomain = 255
)

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isDNSLabel is RFC 1123 in lower case, what Kubernetes asks of a namespace and
// a Service. Lengths and characters are tested by hand: a regular expression
// costs more than all the rest of the work on a name.
func isDNSLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c != '-' && (!isAlnum(c) || 'A' <= c && c <= 'Z') {
			return false
		}
	}
	return true
}

// isDomain is whether s is DNS labels joined by dots that Istio's validator
// takes: no trailing dot, and a last label that is not a number, so that
// addresses fall through.
func isDomain(s string) bool {
	if len(s) > maxDomain {
		return false
	}
	last := ""
	for part := range strings.SplitSeq(s, ".") {
		if last = part; !isDNSLabel(part) {
			return false
		}
	}
	return !isNumber(last)
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isQualified is a label's value, or its key less the prefix: letters, digits
// and "-_.", beginning and ending in a letter or digit.
func isQualified(s string) bool {
	if s == "" || len(s) > maxLabel || !isAlnum(s[0]) || !isAlnum(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

func isLabelKey(s string) bool {
	if prefix, name, ok := strings.Cut(s, "/"); ok {
		return len(prefix) <= 253 && isDomain(prefix) && isQualified(name)
	}
	return isQualified(s)
}

// quote makes any name fit for a message: on one line, not longer than a label.
func quote(s string) string {
	if len(s) <= maxLabel {
		return strconv.Quote(s)
	}
	cut := maxLabel - 3
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut] + "…")
}
