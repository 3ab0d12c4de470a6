package request

import "strings"

// safeLetters is the alphabet of Kubernetes' generated names: no vowels, and no
// digits that resemble them, so that no words come up (apimachinery's rand).
const safeLetters = "bcdfghjklmnpqrstvwxz2456789"

// dnsLetters are those of Kubernetes' names but for hyphens.
const dnsLetters = "abcdefghijklmnopqrstuvwxyz0123456789"

// hashLetters is the part of it that ReplicaSets' hashes use: the decimal digits
// of a 32-bit hash, mapped one to one (SafeEncodeString).
const hashLetters = "456789bcdf"

// Owner is the name of pod's workload: the pod's name less its generated parts.
// A Deployment's pods end in a hash and a suffix; those of a DaemonSet, a Job or a
// bare ReplicaSet in a suffix alone; a StatefulSet's in a number, which in
// examples also stands for a suffix.
func Owner(pod string) string {
	name, suffix := cutLast(pod)
	if name == "" {
		return pod
	}
	if base, hash := cutLast(name); base != "" && len(suffix) == 5 && isHash(hash, suffix) {
		return base
	}
	if len(suffix) == 5 && only(suffix, safeLetters) || only(suffix, "0123456789") {
		return name
	}
	return pod
}

// isHash tells a ReplicaSet's hash from the last word of a name. All but one in
// 40,000 hashes have six letters or more. Older clusters and other makers of pods
// take other letters: there a hash has eight to ten and looks random.
func isHash(s, suffix string) bool {
	if len(s) < 6 || len(s) > 10 {
		return false
	}
	if only(s, hashLetters) && only(suffix, safeLetters) {
		return true
	}
	return len(s) >= 8 && random(s) && only(suffix, dnsLetters)
}

// random is hexadecimal with a digit, or letters with at least two: words such as
// service2 are neither.
func random(s string) bool {
	digits := 0
	for i := 0; i < len(s); i++ {
		if '0' <= s[i] && s[i] <= '9' {
			digits++
		}
	}
	return digits >= 2 && only(s, dnsLetters) ||
		digits == 1 && only(s, "0123456789abcdef")
}

// cutLast splits s before and after its last hyphen; without one, before is "".
func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, '-')
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}

// only tells whether s is made of letters alone, and is not empty.
func only(s, letters string) bool {
	return s != "" && strings.Trim(s, letters) == ""
}
