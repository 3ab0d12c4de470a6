package accesslog

import (
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	// One clock for all, in this order: it remembers the minute that was last.
	var c clock
	f := func(text, want string) {
		t.Helper()
		at, ok := c.read([]byte(text))
		got := "none"
		if ok {
			got = time.UnixMicro(at).UTC().Format("2006-01-02 15:04:05.000000")
		}
		if got != want {
			t.Errorf("%s is read as %s, want %s", text, got, want)
		}
	}
	f("2022-07-08T06:20:16.632Z", "2022-07-08 06:20:16.632000")
	f("2022-07-08T06:20:59.999999999Z", "2022-07-08 06:20:59.999999")
	f("2022-07-08T06:99:16.632Z", "none")
	f("2022-07-08T06:20:17Z", "2022-07-08 06:20:17.000000") // after a failure
	f("2022-07-08T06:21:00Z", "2022-07-08 06:21:00.000000")
	f("2022-07-08T06:21:00+02:00", "2022-07-08 04:21:00.000000")
	f("2022-07-08T06:21:00.5-0330", "2022-07-08 09:51:00.500000")
	f("2024-02-29t23:59:59z", "2024-02-29 23:59:59.000000")
	f("2022-07-08 06:21:00", "2022-07-08 06:21:00.000000")
	f("1970-01-01T00:00:00Z", "1970-01-01 00:00:00.000000")
	f("1970-01-01T00:00:00+00:01", "none") // before 1970
	f("2022-07-08T06:21:00Zulu", "none")
	f("2022-07-08T06:21:0", "none")
	f("2022-07-08T06:21:00.Z", "none")
	f("2022-07-08T06:21:00*02:00", "none")
	f("2022/07/08T06:21:00Z", "none")
	f("1657261216", "2022-07-08 06:20:16.000000")
	f("1657261216.632", "2022-07-08 06:20:16.632000")
	f("1657261216632", "2022-07-08 06:20:16.632000")
	f("1657261216632001", "2022-07-08 06:20:16.632001")
	f("1657261216632001999", "2022-07-08 06:20:16.632001")
	f("5", "none")
}

func TestClockAgainstTheCalendar(t *testing.T) {
	var c clock
	for at := time.Unix(0, 0).UTC(); at.Year() < 2500; at = at.Add(61*time.Hour + 17*time.Minute + 13*time.Second) {
		got, ok := c.read([]byte(at.Format(time.RFC3339Nano)))
		if !ok || got != at.UnixMicro() {
			t.Fatalf("%v is read as %d %v, want %d", at, got, ok, at.UnixMicro())
		}
	}
}
