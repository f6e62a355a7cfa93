package providers

import "time"

var testNow = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
