package critical

// deal puts what has small numbers, below n, in their order, in place, and hands each
// stretch of one number to then: to sort a million calls by their pods costs two looks at
// each of them where comparing takes twenty. McIlroy, Bostic and McIlroy, Engineering
// radix sort, 1993.
func deal[T any](s []T, n int, number func(*T) int32, then func([]T)) {
	next, end := make([]int32, n), make([]int32, n)
	for i := range s {
		end[number(&s[i])]++
	}
	sum := int32(0)
	for k, count := range end {
		next[k] = sum
		sum += count
		end[k] = sum
	}
	for k := range next {
		for next[k] < end[k] {
			at := next[k]
			to := number(&s[at])
			if int(to) != k {
				s[at], s[next[to]] = s[next[to]], s[at]
			}
			next[to]++
		}
	}
	from := int32(0)
	for _, to := range end {
		if from < to {
			then(s[from:to])
		}
		from = to
	}
}
