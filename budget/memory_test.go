package budget

import (
	"testing"
	"time"
)

// memoryRound is one round of a service with sidecars that use so many MB, under a
// limit of given MB.
func memoryRound(k *Knowledge, given float64, inFlight float64, used ...float64) Input {
	in := Input{Limits: Limits{CPU: 1000, Memory: 4e9}, Knowledge: k, Gateway: Gateway{Requests: 1000, Rate: 100, Mean: time.Duration(inFlight * 1e7)}}
	s := Sidecar{Service: "a", Given: 100, GivenMemory: Bytes(given * 1e6), Visits: 1, CriticalVisits: 1, Seen: 900, Work: time.Millisecond}
	for _, mb := range used {
		s.Uses = append(s.Uses, Use{Cores: 0.03, Known: true, Memory: mb * 1e6, Received: 100 / float64(len(used))})
	}
	in.Sidecars = []Sidecar{s}
	in.Calls = []Call{{From: -1, To: 0, PerRequest: 1, Critical: 1}}
	return in
}

// megabytesOf pours a round and returns what a sidecar gets, in MB, and what was learned.
func megabytesOf(t *testing.T, in Input) (float64, *Knowledge) {
	t.Helper()
	p, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	return float64(p.Allotments[0].Memory) / 1e6, p.Learned
}

func TestMemoryThatGrows(t *testing.T) {
	got, k := megabytesOf(t, memoryRound(nil, 128, 1, 110))
	if got < 142.9 || got > 143.1 { // 110 × 1.3
		t.Errorf("110 MB used: gets %.1f MB, want 143", got)
	}
	// 30 more than last round, so 30 more again: (140 + 30) × 1.3.
	got, k = megabytesOf(t, memoryRound(k, 143, 1, 140))
	if got < 220.9 || got > 221.1 {
		t.Errorf("140 MB used, 110 before: gets %.1f MB, want 221", got)
	}
	// It stays at 140: what was planned for fades, (140 + 30) × 0.8 = 136 < 140.
	if got, _ = megabytesOf(t, memoryRound(k, 221, 1, 140)); got < 181.9 || got > 182.1 {
		t.Errorf("140 MB used as before: gets %.1f MB, want 182", got)
	}
}

// 900 requests in flight after a round with 1,000: 100 more may come, of 64 kB each.
func TestMemoryOfRequestsThatMayComeBack(t *testing.T) {
	_, k := megabytesOf(t, memoryRound(nil, 200, 1000, 150))
	got, _ := megabytesOf(t, memoryRound(k, 200, 900, 150))
	if want := 1.3 * (150 + 100*0.064); got < want-0.2 || got > want+0.2 {
		t.Errorf("gets %.1f MB, want %.1f", got, want)
	}
}

func TestMemoryAfterAKill(t *testing.T) {
	_, k := megabytesOf(t, memoryRound(nil, 128, 1, 120))
	// Close to 128 MB, then 45: killed. One and a half times the limit that was in force.
	got, k := megabytesOf(t, memoryRound(k, 128, 1, 45))
	if got < 191.9 || got > 192.1 {
		t.Errorf("after a kill at 128 MB: gets %.1f MB, want 192", got)
	}
	// It is not forgotten as fast as a use: 192 × 0.97.
	if got, _ = megabytesOf(t, memoryRound(k, 192, 1, 60)); got < 186.1 || got > 186.4 {
		t.Errorf("a round after: gets %.1f MB, want 186.2", got)
	}
	// Beside its like: one of two was killed within the round.
	if got, _ = megabytesOf(t, memoryRound(nil, 128, 1, 121, 40)); got < 191.9 || got > 192.1 {
		t.Errorf("one of two killed: gets %.1f MB, want 192", got)
	}
	// A use that falls far from any limit is none, nor one that falls a little.
	for _, used := range [][2]float64{{60, 20}, {120, 90}} {
		_, k := megabytesOf(t, memoryRound(nil, 128, 1, used[0]))
		if got, _ := megabytesOf(t, memoryRound(k, 128, 1, used[1])); got > 1.3*used[0] && got > 128 {
			t.Errorf("%v MB: gets %.1f MB as if killed", used, got)
		}
	}
}
