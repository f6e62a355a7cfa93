package text

import (
	"strconv"
	"time"
)

const day = 24 * time.Hour

// Duration is a duration in one or two units, rounded down, so that what lasts
// "1 min" lasts at least that. A negative one is "0 s".
//
//	below a minute    45 s
//	below an hour     12 min
//	below six hours   1 h 20 min
//	below a day       8 h
//	else              3 days
func Duration(d time.Duration) string {
	hours, minutes := int(d/time.Hour), int(d%time.Hour/time.Minute)
	switch {
	case d < time.Minute:
		return strconv.Itoa(max(int(d/time.Second), 0)) + " s"
	case hours == 0:
		return strconv.Itoa(minutes) + " min"
	case d < 6*time.Hour && minutes > 0:
		return strconv.Itoa(hours) + " h " + strconv.Itoa(minutes) + " min"
	case d < day:
		return strconv.Itoa(hours) + " h"
	case d < 2*day:
		return "1 day"
	}
	return strconv.Itoa(Days(d)) + " days"
}

// Days is the number of days that Duration tells; 0 where it tells none. The words
// around a number of days depend on the language.
func Days(d time.Duration) int { return max(int(d/day), 0) }

// AtLeast is Duration rounded up, for a time to wait.
func AtLeast(d time.Duration) string {
	unit := time.Second
	switch {
	case d > 6*time.Hour:
		unit = time.Hour
	case d > time.Minute:
		unit = time.Minute
	}
	return Duration((d + unit - 1).Truncate(unit))
}

// When is when t is, seen from now: "in 12 min", "3 days ago".
func When(t, now time.Time) string {
	if d := t.Sub(now); d > 0 {
		return "in " + Duration(d)
	}
	return Duration(now.Sub(t)) + " ago"
}
