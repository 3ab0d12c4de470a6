package accesslog

import "github.com/sluice-mesh/sluice/graph"

// clock reads points in time. It remembers the minute that it read last, because
// nearly every line of a log falls into the minute of the line before.
type clock struct {
	minute [17]byte // such as "2022-07-08T06:20:"
	micros graph.Micros
}

// read takes an RFC 3339 time with any fraction (cut to microseconds; a space
// may stand for the T, an offset may lack its colon, and no offset means UTC) or
// a Unix time. ok is false for anything else, and before 1970.
func (c *clock) read(p []byte) (at graph.Micros, ok bool) {
	if len(p) < len("2006-01-02T15:04:05") || p[4] != '-' {
		return epoch(p)
	}
	if [17]byte(p) != c.minute {
		micros, ok := minute(p)
		if !ok {
			return 0, false
		}
		c.minute, c.micros = [17]byte(p), micros
	}
	second, ok := pair(p[17:])
	if !ok || second > 59 {
		return 0, false
	}
	fraction, p := fraction(p[19:])
	east, ok := offset(p)
	at = c.micros + second*1e6 + fraction - east
	return at, ok && fraction >= 0 && at >= 0
}

// minute reads "2006-01-02T15:04:".
func minute(p []byte) (graph.Micros, bool) {
	century, ok1 := pair(p)
	year, ok2 := pair(p[2:])
	month, ok3 := pair(p[5:])
	day, ok4 := pair(p[8:])
	hour, ok5 := pair(p[11:])
	min, ok6 := pair(p[14:])
	year += 100 * century
	separated := p[7] == '-' && (p[10]|0x20 == 't' || p[10] == ' ') && p[13] == ':' && p[16] == ':'
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && separated) ||
		month < 1 || month > 12 || day < 1 || day > monthDays(year, month) || hour > 23 || min > 59 {
		return 0, false
	}
	return ((days(year, month, day)*24+hour)*60 + min) * 60e6, true
}

func monthDays(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// days counts the days from 1970-01-01 to a date of the Gregorian calendar. The
// year is counted from March on, which puts the leap day last (Howard Hinnant,
// chrono-compatible low-level date algorithms, days_from_civil).
func days(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
}

// fraction reads what follows the seconds, in microseconds, and returns the text
// after it. It is -1 for a point without digits.
func fraction(p []byte) (graph.Micros, []byte) {
	if len(p) == 0 || p[0] != '.' && p[0] != ',' {
		return 0, p
	}
	micros, unit, i := graph.Micros(0), graph.Micros(100_000), 1
	for ; i < len(p) && p[i]-'0' <= 9; i++ {
		micros += int64(p[i]-'0') * unit
		unit /= 10
	}
	if i == 1 {
		return -1, p
	}
	return micros, p[i:]
}

// offset reads how far east of UTC a time is.
func offset(p []byte) (graph.Micros, bool) {
	if len(p) == 0 || len(p) == 1 && p[0]|0x20 == 'z' {
		return 0, true
	}
	sign := int64(44 - int(p[0])) // '+' is 43, '-' is 45
	if sign*sign != 1 || len(p) != 5 && (len(p) != 6 || p[3] != ':') {
		return 0, false
	}
	hour, ok1 := pair(p[1:])
	min, ok2 := pair(p[len(p)-2:])
	return sign * (hour*60 + min) * 60e6, ok1 && ok2 && hour < 24 && min < 60
}

// pair reads two digits.
func pair(p []byte) (int64, bool) {
	if len(p) < 2 {
		return 0, false
	}
	tens, units := p[0]-'0', p[1]-'0'
	return int64(tens)*10 + int64(units), tens <= 9 && units <= 9
}

// epoch reads a Unix time in seconds, milliseconds, microseconds or nanoseconds,
// told apart by its size: as seconds they would lie thousands of years ahead.
func epoch(p []byte) (graph.Micros, bool) {
	whole, ok := decimal(p, 0)
	if !ok || whole < 1e8 {
		return 0, false
	}
	shift := 6
	for top := int64(1e11); whole >= top && shift > -3; top *= 1000 {
		shift -= 3
	}
	return decimal(p, shift)
}
