package budget

import "math"

// claim is one service's call on a budget: units each pod, for n pods.
type claim struct {
	pods int64
	// need is the amount each pod should have at a level; it must not fall as the
	// level rises and is at least the floor.
	need func(level float64) int64
}

// levelSteps halves the search interval down to neighbouring floats.
const levelSteps = 100

// waterfill finds the highest level in [lo, hi] whose claims fit the limit. The
// claims at lo must fit. It is exact integer arithmetic on top of the claims, so
// the limit is never passed, and as the set of levels that fit only grows with
// the limit, no claim shrinks when the limit rises.
func waterfill(claims []claim, limit int64, lo, hi float64) float64 {
	if fits(claims, limit, hi) {
		return hi
	}
	return halve(lo, hi, func(level float64) bool { return fits(claims, limit, level) })
}

// halve is the highest level of [lo, hi) that fits, where lo does and hi does not.
func halve(lo, hi float64, fits func(level float64) bool) float64 {
	for range levelSteps {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			break
		}
		if fits(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// fits reports whether the claims at a level stay within the limit, without
// overflow whatever the claims are.
func fits(claims []claim, limit int64, level float64) bool {
	left := limit
	for i := range claims {
		c := &claims[i]
		need := c.need(level)
		if need > left/c.pods {
			return false
		}
		left -= need * c.pods
	}
	return true
}

// whole rounds down to an integer that leaves room for sums; NaN is 0.
func whole(x float64) int64 {
	const most = math.MaxInt64 / 4
	switch {
	case !(x > 0):
		return 0
	case x >= most:
		return most
	}
	return int64(x)
}
